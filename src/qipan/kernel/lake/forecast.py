"""Forecasts as rows: who said what when, about which hour; read as issued or as latest, and scored.

An issue (``model:2026-01-01T12Z``) is a partition: running it again replaces that issue and no other.
A person's edit is an issue of its own with the edited one as parent; both stay and both are scored.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from qipan.kernel import lake
from qipan.kernel.base.errors import InvalidInput

from .models import LakeBatch
from .tables import Table

if TYPE_CHECKING:
    import ibis
    from ibis.expr.types import Table as IbisTable

    from .snapshots import AsOf

CONTROL = 0
# Quantile forecasts are members too: 1000 + percentile, so that 1050 is the median.
QUANTILE = 1000
MEDIAN = QUANTILE + 50
# No forecast reaches further: older issues need not be opened to know the latest one.
LONGEST_LEAD = timedelta(days=16)

SCHEMA = pa.schema(
    [
        pa.field("issue", pa.string(), nullable=False),
        pa.field("issued", pa.timestamp("us"), nullable=False),
        pa.field("valid", pa.timestamp("us"), nullable=False),
        pa.field("lead_h", pa.int32(), nullable=False),
        pa.field("place", pa.string(), nullable=False),
        pa.field("quantity", pa.string(), nullable=False),
        pa.field("member", pa.int32(), nullable=False),
        pa.field("value", pa.float64()),
        pa.field("source", pa.string()),
        pa.field("edited_by", pa.string()),
        pa.field("parent", pa.string()),
    ]
)


def store(owner: str) -> Table:
    """The forecast table of an owner (water, weather, environment, agriculture)."""
    return Table(
        "forecast",
        owner=owner,
        schema=SCHEMA,
        partition="issue",
        sort=("quantity", "place", "member", "valid"),
    )


def issue_name(model: str, issued: datetime) -> str:
    """Name of an issue: the model and the hour (UTC, with minutes when there are some).

    ValueError for a time without zone or a model name with a colon or slash.
    """
    if issued.tzinfo is None:
        raise ValueError("issued: a time needs its zone")
    if not model or set(model) & set(":/"):
        raise ValueError(f"model: {model!r}")
    moment = issued.astimezone(UTC)
    return f"{model}:{moment:%Y-%m-%dT%H}{moment:%M}Z" if moment.minute else f"{model}:{moment:%Y-%m-%dT%H}Z"


def naive(moment: datetime) -> datetime:
    """An aware time as the store keeps it: UTC without zone; ValueError for a time without zone."""
    if moment.tzinfo is None:
        raise ValueError("a time needs its zone")
    return moment.astimezone(UTC).replace(tzinfo=None)


def rows(
    model: str,
    issued: datetime,
    columns: Mapping[str, pa.Array],
    *,
    source: str = "",
    edited_by: str | None = None,
    parent: str | None = None,
) -> pa.Table:
    """Rows of one issue from the columns valid (naive UTC), place, quantity, member and value.

    The lead is counted from ``issued``. InvalidInput when a column is missing.
    """
    for name in ("valid", "place", "quantity", "member", "value"):
        if name not in columns:
            raise InvalidInput(name, "column is missing")
    valid = pa.array(columns["valid"]).cast(pa.timestamp("us"))
    start = np.datetime64(naive(issued), "us")
    count = len(valid)
    hours = (valid.to_numpy(zero_copy_only=False).astype("datetime64[us]") - start) / np.timedelta64(1, "h")
    constants = {
        "issue": pa.array([issue_name(model, issued)] * count, pa.string()),
        "issued": pa.array([naive(issued)] * count, pa.timestamp("us")),
        "lead_h": pa.array(np.rint(hours).astype(np.int32)),
        "source": pa.array([source] * count, pa.string()),
        "edited_by": pa.array([edited_by] * count, pa.string()),
        "parent": pa.array([parent] * count, pa.string()),
    }
    given = {name: pa.array(columns[name]) for name in ("place", "quantity", "member", "value")}
    return pa.table(constants | given | {"valid": valid}).select(SCHEMA.names)


def write(forecasts: Table, issue: pa.Table) -> LakeBatch:
    """Store one issue; the same issue stored before makes way, others stay.

    InvalidInput when the rows belong to several issues or to none.
    """
    names = set(issue.column("issue").to_pylist())
    if len(names) != 1:
        raise InvalidInput("issue", f"{len(names)} issues in one write")
    name = names.pop().replace("'", "''")
    return lake.replace(forecasts, issue, f"issue = '{name}'")


def latest(
    forecasts: Table, quantity: str, *, at: datetime, place: str | None = None, model: str | None = None
) -> pa.Table:
    """The newest issue known at ``at``: for every valid hour after it, what was last said about it.

    Columns as in ``SCHEMA``, ordered by place, valid and member.
    """
    known = _known(forecasts, quantity, at, place=place, model=model)
    ahead = known.filter(known.valid > naive(at), known.issued > naive(at - LONGEST_LEAD))
    return lake.query(_newest(ahead).order_by("place", "valid", "member"))


def as_issued(forecasts: Table, issue: str, *, as_of: "AsOf" = None) -> pa.Table:
    """An issue as it was stored; ``as_of`` a time, tag or snapshot shows it before a later re-run."""
    t = lake.table(forecasts)
    return lake.query(t.filter(t.issue == issue).order_by("quantity", "place", "valid", "member"), as_of)


def known_at(forecasts: Table, quantity: str, at: datetime, *, place: str | None = None) -> pa.Table:
    """What did we know then: every issue made up to ``at``, ordered by issue, place, valid, member."""
    known = _known(forecasts, quantity, at, place=place, model=None)
    return lake.query(known.order_by("issued", "place", "valid", "member"))


def fan(forecasts: Table, quantity: str, place: str, issue: str) -> pa.Table:
    """Minimum, p10, p25, median, p75, p90 and maximum over the members of one issue, by valid hour.

    An issue of quantiles gives its own quantiles; p-columns it does not hold are null.
    """
    t = lake.table(forecasts)
    chosen = t.filter(t.issue == issue, t.quantity == quantity, t.place == place)
    levels = {f"p{percent}": _level(chosen, percent) for percent in (10, 25, 50, 75, 90)}
    grouped = chosen.group_by("valid").agg(
        lead_h=chosen.lead_h.min(), low=chosen.value.min(), high=chosen.value.max(), **levels
    )
    return lake.query(grouped.order_by("valid"))


def at_lead(
    forecasts: Table,
    quantity: str,
    lead_h: int,
    *,
    place: str | None = None,
    model: str | None = None,
    member: int = MEDIAN,
) -> pa.Table:
    """The series of values said ``lead_h`` hours before.

    Columns issue, valid, place, value, ordered by place and valid.
    """
    t = lake.table(forecasts)
    chosen = t.filter(t.quantity == quantity, t.lead_h == lead_h, t.member == member)
    if place is not None:
        chosen = chosen.filter(chosen.place == place)
    if model is not None:
        chosen = chosen.filter(chosen.issue.startswith(f"{model}:"))
    return lake.query(chosen.select("issue", "valid", "place", "value").order_by("place", "valid"))


def pairs(
    forecasts: Table,
    observations: pa.Table,
    quantity: str,
    *,
    model: str | None = None,
    member: int = MEDIAN,
    since: datetime | None = None,
) -> pa.Table:
    """Forecasts beside what was observed: issue, issued, valid, lead_h, place, value, observed.

    ``observations``: columns valid (naive UTC), place and observed, good ones only. A forecast hour without
    observation keeps a null: missing pairs are counted by the scores, never filled.
    """
    t = lake.table(forecasts)
    chosen = t.filter(t.quantity == quantity, t.member == member)
    if model is not None:
        chosen = chosen.filter(chosen.issue.startswith(f"{model}:"))
    if since is not None:
        chosen = chosen.filter(chosen.issued >= naive(since))
    said = lake.query(chosen.select("issue", "issued", "valid", "lead_h", "place", "value"))
    wanted = pa.schema([("valid", pa.timestamp("us")), ("place", pa.string()), ("observed", pa.float64())])
    seen = observations.select(wanted.names).cast(wanted)
    joined = said.join(seen, ["valid", "place"], join_type="left outer")
    order = [("place", "ascending"), ("issued", "ascending"), ("valid", "ascending")]
    return joined.select([*said.column_names, "observed"]).sort_by(order)


def _known(
    forecasts: Table, quantity: str, at: datetime, *, place: str | None, model: str | None
) -> "IbisTable":
    t = lake.table(forecasts)
    chosen = t.filter(t.quantity == quantity, t.issued <= naive(at))
    if place is not None:
        chosen = chosen.filter(chosen.place == place)
    if model is not None:
        chosen = chosen.filter(chosen.issue.startswith(f"{model}:"))
    return chosen


def _newest(rows: "IbisTable") -> "IbisTable":
    """Of each place, hour and member what the newest issue says; an edit beats what it was made from."""
    order = [rows.issued.desc(), rows.parent.isnull()]
    ranked = rows.mutate(newest=rows.issue.first().over(group_by=["place", "valid"], order_by=order))
    return ranked.filter(ranked.issue == ranked.newest).drop("newest")


def _level(rows: "IbisTable", percent: int) -> "ibis.Value":
    """A quantile: the stored one of quantile forecasts, else computed over the members."""
    stored = rows.value.max(where=rows.member == QUANTILE + percent)
    members = rows.value.quantile(percent / 100, where=rows.member < QUANTILE)
    return stored.coalesce(members)
