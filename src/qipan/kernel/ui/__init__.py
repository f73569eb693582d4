"""The face: registers, pages, the frame around them and their components."""

from qipan.kernel.ui.rendering import render

__all__ = ["render"]
