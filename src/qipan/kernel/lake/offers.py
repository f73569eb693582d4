"""What the lake block offers the site; its pages are listed in ``pages.py``."""

from qipan.kernel.lake import standing

JOBS = (standing.maintain_tables,)
