"""What the map block offers the site."""

from qipan.kernel.maps import pages
from qipan.kernel.maps.api import router
from qipan.kernel.maps.ogc import pages as ogc_pages
from qipan.kernel.maps.own_layers import LAYERS
from qipan.kernel.maps.registers import REGISTERS

API = router
PAGES = (*pages.PAGES, *ogc_pages.PAGES)

__all__ = ["API", "LAYERS", "PAGES", "REGISTERS"]
