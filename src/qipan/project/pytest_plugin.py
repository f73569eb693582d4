"""Loaded before the settings: gives every test run its own embedded PostgreSQL.

The data of a test run are thrown away, so this server may skip the disk barriers.
"""

import os
from pathlib import Path

from qipan.project import database

HOME = Path(os.environ.setdefault("QIPAN_HOME", str(Path(__file__).resolve().parents[3] / ".qipan" / "test")))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qipan.project.settings")
os.environ.setdefault("QIPAN_TESTING", "1")
_server = database.start(HOME)
if _server is not None:
    _server.psql("alter system set fsync = off")
    _server.psql("alter system set full_page_writes = off")
    _server.psql("select pg_reload_conf()")
