"""Where the lake lies and what it is called."""

from pathlib import Path

from django.conf import settings


def catalogue_name() -> str:
    """Name under which every engine knows the catalogue; ``settings.LAKE_CATALOGUE`` overrides it."""
    return str(getattr(settings, "LAKE_CATALOGUE", "qipan"))


def warehouse() -> str:
    """Where the files lie: an URI (``settings.LAKE_WAREHOUSE``, else ``QIPAN_HOME/lake``)."""
    # Not Path.as_uri: PyIceberg takes locations as they are, a coded blank would be a folder "%20".
    own = f"file://{Path(settings.QIPAN_HOME).resolve()}/lake"
    return str(getattr(settings, "LAKE_WAREHOUSE", "") or own)
