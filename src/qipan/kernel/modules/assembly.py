"""Joins the declared modules to the blocks that show, run and count what they declare."""

from qipan.kernel.modules.registry import modules, subscribe_listeners
from qipan.kernel.ui.site import site


def assemble() -> None:
    """Fill the site with every module's registers and pages, and subscribe their listeners."""
    site.fill(modules())
    subscribe_listeners()
