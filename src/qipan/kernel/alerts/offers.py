"""What the alerts block offers the site."""

from django.utils.translation import gettext_lazy as _

from qipan.kernel.access.roles import RoleOffer
from qipan.kernel.alerts import listeners, periodic, program

JOBS = periodic.JOBS
LISTENERS = listeners.LISTENERS
ROLES = (
    RoleOffer(
        "alerts.clerk",
        _("预警值班员"),
        (
            "alerts.*.view", "alerts.*.add", "alerts.alert.change", "alerts.alert.submit",
            "alerts.received.decide", "alerts.alert.receive",
        ),
    ),
    RoleOffer("alerts.chief", _("预警签发人"), ("alerts.*",), 1),
    RoleOffer(program.ROLE, _("预警程序"), program.PERMISSIONS),
    RoleOffer("alerts.recipient", _("预警接收人"), ("alerts.alert.view", "alerts.alert.receive")),
)  # fmt: skip
