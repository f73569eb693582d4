"""What the map block offers the site."""

from django.utils.translation import gettext_lazy as _

from qipan.kernel.access.roles import RoleOffer
from qipan.kernel.maps import pages
from qipan.kernel.maps.api import router
from qipan.kernel.maps.imports import actions as import_actions
from qipan.kernel.maps.imports import pages as import_pages
from qipan.kernel.maps.ogc import pages as ogc_pages
from qipan.kernel.maps.own_layers import LAYERS
from qipan.kernel.maps.registers import REGISTERS

API = router
PAGES = (*pages.PAGES, *import_pages.PAGES, *ogc_pages.PAGES)
JOBS = (import_actions.reassign,)
ROLES = (RoleOffer("maps.editor", _("地图管理员"), ("maps.*",), 1),)

__all__ = ["API", "JOBS", "LAYERS", "PAGES", "REGISTERS", "ROLES"]
