"""What the indicators block offers the site."""

from django.utils.translation import gettext_lazy as _

from qipan.kernel.access.roles import RoleOffer
from qipan.kernel.indicators import home, kernel_indicators, pages, periodic, routes

API = routes.API
HOME_PANELS = home.HOME_PANELS
INDICATORS = kernel_indicators.INDICATORS
JOBS = periodic.JOBS
PAGES = (
    pages.board,
    routes.openmetrics,
    pages.snapshot,
    pages.confirm,
    pages.detail,
    pages.rows,
    pages.freeze,
    pages.target,
    pages.type_in,
)
ROLES = (
    RoleOffer("indicators.clerk", _("指标填报员"), ("indicators.*.view", "indicators.typed.add")),
    RoleOffer("indicators.chief", _("指标管理员"), ("indicators.*",), 1),
)
