"""The catalogue: PyIceberg's SQL catalogue in schema ``lake`` of the county's PostgreSQL.

Its rows have the layout of the Java JDBC catalogue (V1), so that Spark and Trino open the same tables
under the same catalogue name without a server between.
"""

import os
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import quote, urlencode

from django.conf import settings
from django.db import connection
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import NamespaceAlreadyExistsError, NoSuchTableError, TableAlreadyExistsError
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.table import Table as IcebergTable
from pyiceberg.transforms import IdentityTransform
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool, QueuePool

from .place import catalogue_name, warehouse
from .schema import add_columns, iceberg_schema
from .tables import Table

SCHEMA = "lake"
PROPERTIES = {
    "format-version": "2",
    "write.parquet.compression-codec": "zstd",
    "write.parquet.row-group-limit": "122880",
    "write.target-file-size-bytes": str(512 * 1024 * 1024),
    "commit.manifest-merge.enabled": "true",
    "commit.manifest.min-count-to-merge": "20",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "5",
    "commit.retry.num-retries": "30",
    "commit.retry.min-wait-ms": "20",
    "commit.retry.max-wait-ms": "500",
}

_catalogues: dict[tuple[int, str, str, str], SqlCatalog] = {}
_guard = threading.Lock()


def database_uri() -> str:
    """SQLAlchemy URL of Django's default database, with the lake's schema first on the search path."""
    database = connection.settings_dict
    user = quote(str(database.get("USER") or ""), safe="")
    secret = quote(str(database.get("PASSWORD") or ""), safe="")
    login = f"{user}{':' + secret if secret else ''}@" if user else ""
    options = {"options": f"-csearch_path={SCHEMA}"}
    for key, name in (("HOST", "host"), ("PORT", "port")):
        if database.get(key):
            options[name] = str(database[key])
    return f"postgresql+psycopg://{login}/{quote(str(database['NAME']))}?{urlencode(options)}"


def catalogue() -> SqlCatalog:
    """The catalogue of this process; its connections are not shared with a forked child."""
    key = (os.getpid(), database_uri(), warehouse(), catalogue_name())
    with _guard:
        if key not in _catalogues:
            _catalogues[key] = _connect()
        return _catalogues[key]


def _connect() -> SqlCatalog:
    created = SqlCatalog(
        catalogue_name(),
        uri=database_uri(),
        warehouse=warehouse(),
        schema_version="v1",
        # The migrations made the tables; a missing one is a fault to see, not to paper over.
        init_catalog_tables="false",
    )
    created.engine.dispose()
    # Tests throw their database away, which no open connection may hold.
    pool = (
        {"poolclass": NullPool}
        if settings.TESTING
        else {"poolclass": QueuePool, "pool_size": 2, "max_overflow": 6, "pool_pre_ping": True}
    )
    created.engine = create_engine(database_uri(), **pool)
    return created


@contextmanager
def writer_lock(path: str) -> Iterator[None]:
    """Hold the table's writer lock (an advisory lock of PostgreSQL) around a commit.

    It sits on a connection of its own: the caller's transaction may be long or broken.
    """
    key = zlib.crc32(f"lake:{catalogue_name()}:{path}".encode())
    with catalogue().engine.connect().execution_options(isolation_level="AUTOCOMMIT") as held:
        held.execute(text("SELECT pg_advisory_lock(:key)"), {"key": key})
        try:
            yield
        finally:
            held.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": key})


def find(path: str) -> IcebergTable | None:
    """The table ``owner.name``, or None when nothing was written yet."""
    try:
        return catalogue().load_table(tuple(path.split(".")))
    except NoSuchTableError:
        return None


def ensure(table: Table) -> IcebergTable:
    """The table as declared: created when absent, new nullable columns added.

    Conflict when the declaration differs in a way that needs a decision (see ``schema.plan``).
    """
    found = find(table.path) or _create(table)
    return add_columns(table, found)


def _create(table: Table) -> IcebergTable:
    schema = iceberg_schema(table)
    spec = PartitionSpec()
    if table.partition:
        source = schema.find_field(table.partition).field_id
        spec = PartitionSpec(PartitionField(source, 1000, IdentityTransform(), table.partition))
    own = {
        "qipan.sort": ",".join(table.sort),
        "qipan.keep-days": str(table.keep_days or ""),
    }
    with suppress(NamespaceAlreadyExistsError):
        catalogue().create_namespace(table.owner)
    try:
        return catalogue().create_table(
            table.identifier, schema=schema, partition_spec=spec, properties=PROPERTIES | own
        )
    except TableAlreadyExistsError:
        return catalogue().load_table(table.identifier)


def paths() -> list[str]:
    """Every table of the catalogue as ``owner.name``."""
    found = catalogue()
    return sorted(
        ".".join(identifier)
        for namespace in found.list_namespaces()
        for identifier in found.list_tables(namespace)
    )
