"""What sensing offers the site."""

from qipan.kernel.sensing import live, periodic

PAGES = (*live.PAGES,)
JOBS = periodic.JOBS
