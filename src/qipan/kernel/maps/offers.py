"""What the map block offers the site."""

from qipan.kernel.maps.api import router
from qipan.kernel.maps.own_layers import LAYERS
from qipan.kernel.maps.pages import PAGES
from qipan.kernel.maps.registers import REGISTERS

API = router

__all__ = ["API", "LAYERS", "PAGES", "REGISTERS"]
