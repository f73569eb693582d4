"""The one list of installed systems: adding a system adds its folder and one line here."""

SYSTEMS = ("qipan.domains.governance.environment",)
