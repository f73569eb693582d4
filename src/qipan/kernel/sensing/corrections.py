"""A person's correction of a value: the old one is kept, the new one outlasts whatever the device resends."""

from datetime import datetime, timedelta

import pyarrow as pa
from django.db import connection, transaction
from django.utils.translation import gettext as _

from qipan.kernel.access import audit
from qipan.kernel.access.decide import require
from qipan.kernel.access.models import Account
from qipan.kernel.base.clock import now
from qipan.kernel.base.errors import InvalidInput
from qipan.kernel.sensing import cold, hot, read
from qipan.kernel.sensing.ingest import announce
from qipan.kernel.sensing.models import Datastream, Revision
from qipan.kernel.sensing.quality import Quality
from qipan.kernel.sensing.rows import Row, microseconds

_REPLACE = """
UPDATE sensing_observation SET value = %s, quality = %s, version = %s WHERE datastream_id = %s AND ts = %s
"""


def correct(stream: Datastream, ts: datetime, value: float, by: Account, reason: str) -> Revision:
    """Put another value in the place of the one at ``ts``; followers of the store count it again.

    Refused without the right; InvalidInput without a reason or when there is no reading at ``ts``.
    """
    return _revise(stream, ts, value, by, cause=Revision.Cause.CORRECTED, reason=reason)


def annul(stream: Datastream, ts: datetime, by: Account, reason: str) -> Revision:
    """Take the value at ``ts`` out of every figure; it stays visible as what was sent."""
    return _revise(stream, ts, None, by, cause=Revision.Cause.ANNULLED, reason=reason)


@transaction.atomic
def _revise(
    stream: Datastream, ts: datetime, value: float | None, by: Account, *, cause: str, reason: str
) -> Revision:
    require(by, "sensing.datastream.correct", stream)
    if not reason.strip():
        raise InvalidInput("reason", _("请说明理由"))
    table = read.history([stream.pk], ts, ts + timedelta(microseconds=1))
    if not table.num_rows:
        raise InvalidInput("ts", _("该时刻没有数据"))
    old_value, old_quality = table["value"][0].as_py(), table["quality"][0].as_py()
    last = Revision.objects.filter(datastream=stream, ts=ts).order_by("-version").first()
    version = (last.version if last else 0) + 1
    quality = int(Quality.ESTIMATED) | (int(Quality.MISSING) if value is None else 0)
    with connection.cursor() as cursor:
        cursor.execute(_REPLACE, [value, quality, version, stream.pk, ts])
        if not cursor.rowcount:
            _replace_in_lake(stream.pk, ts, value, quality, version)
    revision = Revision.objects.create(
        datastream=stream,
        ts=ts,
        version=version,
        old_value=old_value,
        new_value=value,
        old_quality=old_quality,
        new_quality=quality,
        cause=cause,
        by=by,
        reason=reason,
        at=now(),
    )
    announce([Row(microseconds(ts), ts, stream.pk, value, None, quality, 0, now())])
    changes = {"ts": ts.isoformat(), "value": [old_value, value]}
    audit.record(by, f"sensing.datastream.{cause}", stream, changes=changes, reason=reason)
    return revision


def _replace_in_lake(stream: int, ts: datetime, value: float | None, quality: int, version: int) -> None:
    columns = {
        "datastream": [stream],
        "ts": [hot.naive(ts)],
        "value": [value],
        "quality": [quality],
        "version": [version],
    }
    cold.write(pa.table(columns, schema=hot.SCHEMA), f"revision:{stream}:{ts.isoformat()}:{version}")
