"""What the alerts block offers the site."""

from django.utils.translation import gettext_lazy as _

from qipan.kernel.access.roles import RoleOffer
from qipan.kernel.alerts import (
    doors,
    layers,
    listeners,
    pages,
    pages_public,
    pages_record,
    periodic,
    program,
    registers,
    steps,
)

HOME_PANELS = pages_public.HOME_PANELS
JOBS = periodic.JOBS
LAYERS = layers.LAYERS
LISTENERS = listeners.LISTENERS
PAGES = (
    pages.desk,
    pages.draft,
    pages.detail,
    pages.edit,
    pages.sign,
    pages.delivery,
    pages.outcome,
    pages_record.rules,
    pages_record.verification,
    steps.take,
    steps.update,
    steps.received,
    doors.feed,
    doors.certificate,
    doors.cap_in,
    doors.cap_file,
    doors.live,
    pages_public.public_list,
    pages_public.public_detail,
    pages_public.subscribe,
    pages_public.check,
)
REGISTERS = registers.REGISTERS
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
