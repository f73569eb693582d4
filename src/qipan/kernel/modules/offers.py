"""What the platform itself offers: the first set-up and the about page."""

from qipan.kernel.modules.about import about
from qipan.kernel.modules.first_set_up import first_set_up, imports

PAGES = (first_set_up, imports, about)
