"""Entry of `python -m qipan`."""

from qipan.project.command import main

if __name__ == "__main__":
    main()
