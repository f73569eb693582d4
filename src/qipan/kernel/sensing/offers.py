"""What sensing offers the site."""

from django.utils.translation import gettext_lazy as _

from qipan.kernel.access.roles import RoleOffer
from qipan.kernel.sensing import live, pages, periodic, registers
from qipan.kernel.sensing.layers import LAYERS

REGISTERS = registers.REGISTERS
PAGES = (*pages.PAGES, *live.PAGES)
JOBS = periodic.JOBS
ROLES = (
    RoleOffer(
        "sensing.clerk",
        _("感知设备管理员"),
        (
            "sensing.*.view", "sensing.thing.*", "sensing.datastream.*", "sensing.devicekey.*",
            "sensing.order.add", "sensing.rulerow.add", "sensing.rulerow.change",
            "sensing.ruleevent.acknowledge",
        ),
    ),
    RoleOffer("sensing.chief", _("感知设备负责人"), ("sensing.*",), 1),
)  # fmt: skip
__all__ = ["JOBS", "LAYERS", "PAGES", "REGISTERS", "ROLES"]
