"""Which columns of a row say whose it is: what the access block turns into a WHERE clause."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scope:
    """Lookup paths from a model to its organisation, division code, grid and owning account.

    A model carries one as ``scope: ClassVar[Scope]``. An empty path means that this dimension does not
    bound the rows; several organisation paths are alternatives (the holder's or the asker's);
    ``public`` rows are for everybody who holds the permission.
    """

    organisation: str | tuple[str, ...] = ""
    division: str = ""
    grid: str = ""
    owner: str = ""
    public: bool = False

    @property
    def organisations(self) -> tuple[str, ...]:
        """The organisation paths as a tuple, empty when this dimension does not bound."""
        paths = (self.organisation,) if isinstance(self.organisation, str) else self.organisation
        return tuple(path for path in paths if path)
