"""Starts the registry once every app is loaded."""

from django.apps import AppConfig


class ModulesConfig(AppConfig):
    """The last app of the kernel: joins what the modules declare to the blocks."""

    name = "qipan.kernel.modules"

    def ready(self) -> None:
        """Fill the site and subscribe listeners; imported here since models must be loaded first."""
        from qipan.kernel.modules.assembly import assemble

        assemble()
