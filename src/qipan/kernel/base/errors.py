"""What can be wrong with a request, told so that its sender can mend it."""


class InvalidInput(ValueError):  # noqa: N818 - named after what it says to the user
    """One field of the input is wrong."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class Refused(Exception):  # noqa: N818 - named after what it says to the user
    """The actor may not do this; every reason is given."""

    def __init__(self, reasons: tuple[str, ...]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


class Conflict(Exception):  # noqa: N818 - named after what it says to the user
    """Somebody else changed the row meanwhile."""
