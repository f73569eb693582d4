"""Joins the declared modules to the blocks that show, run and count what they declare."""

from qipan.kernel.alerts import catalogue as warnings
from qipan.kernel.indicators import catalogue as figures
from qipan.kernel.indicators import values
from qipan.kernel.maps import layers
from qipan.kernel.modules.registry import modules, subscribe_listeners
from qipan.kernel.ui.site import site


def assemble() -> None:
    """Hand every module's offers to site, map, warnings and figures, and subscribe their listeners."""
    site.fill(modules())
    layers.fill(layer for module in modules() for layer in module.layers)
    warnings.install(modules())
    figures.install(modules())
    values.watch()
    subscribe_listeners()
