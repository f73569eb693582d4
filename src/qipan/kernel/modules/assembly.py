"""Joins the declared modules to the blocks that show, run and count what they declare."""

from qipan.kernel.maps import layers
from qipan.kernel.alerts import catalogue as warnings
from qipan.kernel.maps import layers
from qipan.kernel.modules.registry import modules, subscribe_listeners
from qipan.kernel.ui.site import site


def assemble() -> None:
    """Fill the site and the map with what every module offers, and subscribe their listeners."""
    site.fill(modules())
    layers.fill(layer for module in modules() for layer in module.layers)
    warnings.install(modules())
    layers.fill(layer for module in modules() for layer in module.layers)
    subscribe_listeners()
