"""Periodic work of this block, as plain callables that the jobs block schedules."""

from qipan.kernel.access.audit import seal


def seal_audit() -> None:
    """Seal what was written since the last run."""
    while seal() is not None:
        pass


PERIODIC = (("access.seal_audit", "* * * * *", seal_audit),)
