"""Tables that outlive the systems that write them: history, forecasts, open data.

The whole contract is ``Table`` and the functions below; the format behind them (Iceberg tables of
Parquet files, the catalogue in the county's own PostgreSQL) stays inside this block.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .evolution import evolve, plan
    from .hotcold import Watermark, union, watermark
    from .maintenance import maintain, maintain_all
    from .reading import files, query, table
    from .snapshots import Moment, history, pin, rollback, unpin
    from .tables import Table
    from .verification import verify
    from .writing import append, replace, upsert

# The catalogue and query engine cost some 150 MB and half a second to import. Every process loads this
# package at its start, few of them touch a table: so each name is fetched when it is first used
# (PEP 562), and the modules themselves keep their imports at the top.
_HOMES = {
    "Moment": "snapshots",
    "Table": "tables",
    "Watermark": "hotcold",
    "append": "writing",
    "evolve": "evolution",
    "files": "reading",
    "forecast": "forecast",
    "history": "snapshots",
    "maintain": "maintenance",
    "maintain_all": "maintenance",
    "pin": "snapshots",
    "plan": "evolution",
    "query": "reading",
    "replace": "writing",
    "rollback": "snapshots",
    "skill": "skill",
    "table": "reading",
    "union": "hotcold",
    "unpin": "snapshots",
    "upsert": "writing",
    "verify": "verification",
    "watermark": "hotcold",
}

__all__ = [
    "Moment",
    "Table",
    "Watermark",
    "append",
    "evolve",
    "files",
    "forecast",
    "history",
    "maintain",
    "maintain_all",
    "pin",
    "plan",
    "query",
    "replace",
    "rollback",
    "skill",
    "table",
    "union",
    "unpin",
    "upsert",
    "verify",
    "watermark",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f".{home}", __name__)
    return module if name in ("forecast", "skill") else getattr(module, name)
