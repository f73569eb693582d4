"""Receiving a layer, putting it in force, and telling what moved."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.apps import apps
from django.db import models, transaction
from django.utils.translation import gettext as _

from qipan.kernel.access import audit
from qipan.kernel.access.decide import require
from qipan.kernel.access.models import Account
from qipan.kernel.base.clock import now
from qipan.kernel.base.errors import Conflict, InvalidInput
from qipan.kernel.files.storing import store
from qipan.kernel.jobs import defer, job
from qipan.kernel.jobs.progress import Progress, progress
from qipan.kernel.maps import place_search
from qipan.kernel.maps.area_models import Area, Layer
from qipan.kernel.maps.areas import replace
from qipan.kernel.maps.county import COUNTY, GRIDS, LEVELS, TOWNSHIPS, VILLAGES, forget, where_many
from qipan.kernel.maps.geodesy import to_shapely
from qipan.kernel.maps.import_models import LayerImport, PlaceMove
from qipan.kernel.maps.imports.detective import MOVES, as_rows, judge
from qipan.kernel.maps.imports.preparing import PARENTS, Prepared, prepare
from qipan.kernel.maps.imports.reading import RawFeature, read
from qipan.kernel.maps.models import Placed
from qipan.kernel.maps.names import folded
from qipan.kernel.orgs.models import Division, Grid

PERMISSION = "maps.layer.import"
BATCH = 5_000


def receive(data: bytes, name: str, values: dict[str, str], by: Account) -> LayerImport:
    """Keep an uploaded file and what speaks for each datum; nothing else changes yet.

    ``values``: layer_code, layer_name, origin, source, licence, approval. InvalidInput names what is wrong.
    """
    require(by, PERMISSION)
    for required in ("layer_code", "layer_name", "origin", "source"):
        if not values.get(required):
            raise InvalidInput(required, _("不能为空"))
    features = read(data).features
    reference = Area.objects.of(COUNTY).first()
    if reference is None and values["layer_code"] != COUNTY:
        raise InvalidInput("layer_code", _("请先导入县界(county),再导入其他图层"))
    ranked = judge(
        [feature.geometry for feature in features],
        to_shapely(reference.geometry) if reference else None,
        named=_named(features),
    )
    with transaction.atomic():
        row = LayerImport.objects.create(
            file=store(data, name, by),
            candidates=as_rows(ranked),
            created_by=by,
            created_at=now(),
            **values,
        )
        audit.record(by, "maps.layer.receive", row, changes={"layer": row.layer_code})
    return row


def _named(features: tuple[RawFeature, ...]) -> list[tuple[int, float, float]]:
    """Position of each feature that bears the name of an area whose place is truly known."""
    known = Area.objects.exclude(layer__origin=Layer.Origin.SYNTHETIC).filter(valid_to__isnull=True)
    places = {
        folded(name): (lon, lat) for name, lon, lat in known.values_list("name", "label_lon", "label_lat")
    }
    return [
        (position, *places[folded(feature.name)])
        for position, feature in enumerate(features)
        if feature.name and folded(feature.name) in places
    ]


def prepared(row: LayerImport, datum: str) -> Prepared:
    """The uploaded features read as one datum, checked and matched. InvalidInput for an unknown datum."""
    if datum not in MOVES:
        raise InvalidInput("datum", _("没有这种坐标系:%s") % datum)
    with row.file.open() as stream:
        return prepare(read(stream.read()).features, row.layer_code, datum)


def put_in_force(row: LayerImport, datum: str, valid_from: date, by: Account) -> int:
    """Store the layer as of a day; gives the number of areas. All located rows are then looked up anew.

    Features that match no division are left out (the reviewer has seen their list). Conflict when the
    import is settled already; InvalidInput when nothing would be left.
    """
    require(by, PERMISSION, row)
    ready = prepared(row, datum)
    if not ready.shapes:
        raise InvalidInput("datum", _("没有一个要素可以对应到区划,请检查坐标系和字段"))
    with transaction.atomic():
        fresh = LayerImport.objects.select_for_update().get(pk=row.pk)
        if fresh.state != LayerImport.State.OPEN:
            raise Conflict(_("该导入已处理:%s") % fresh.get_state_display())
        layer = _layer(fresh, ready)
        count = replace(
            layer, ready.shapes, valid_from=valid_from, by=by, parents=PARENTS.get(layer.code, "")
        )
        fresh.state = LayerImport.State.APPLIED
        fresh.datum, fresh.valid_from = datum, valid_from
        fresh.applied_by, fresh.applied_at = by, now()
        fresh.save()
        audit.record(by, "maps.layer.apply", fresh, changes={"datum": datum, "areas": count})
        if layer.code in LEVELS:
            defer(reassign, import_id=fresh.pk)
    place_search.forget()
    row.refresh_from_db()
    return count


def _layer(row: LayerImport, ready: Prepared) -> Layer:
    """The layer itself, told anew where it comes from."""
    kinds = {"Point": Layer.Kind.POINT, "MultiPoint": Layer.Kind.POINT}
    kinds |= {"LineString": Layer.Kind.LINE, "MultiLineString": Layer.Kind.LINE}
    values = {
        "name": row.layer_name,
        "kind": kinds.get(ready.shapes[0].geometry.geom_type, Layer.Kind.AREA),
        "origin": row.origin,
        "source": row.source,
        "licence": row.licence,
        "approval": row.approval,
        "demo": False,
    }
    # A layer without a licence stays inside the house.
    values["public"] = bool(row.licence)
    layer, _made = Layer.objects.update_or_create(code=row.layer_code, defaults=values)
    return layer


def drop(row: LayerImport, by: Account) -> None:
    """Settle an import without using it. Conflict when it is settled already."""
    require(by, PERMISSION, row)
    changed = LayerImport.objects.filter(pk=row.pk, state=LayerImport.State.OPEN)
    with transaction.atomic():
        if not changed.update(state=LayerImport.State.DROPPED):
            raise Conflict(_("该导入已处理:%s") % row.get_state_display())
        audit.record(by, "maps.layer.drop", row)
    row.refresh_from_db()


@job(name="maps.reassign", queue="maps")
def reassign(import_id: int) -> int:
    """Look up division and grid of every located row anew; keep a list of what moved; gives its length.

    Each batch is its own transaction, and a second run finds nothing left to move.
    """
    cause = LayerImport.objects.get(pk=import_id)
    forget()
    models_ = list(_placed_models())
    total = sum(model._default_manager.filter(lon__isnull=False).count() for model in models_)
    moved = 0
    with progress(_("重新归属区划:%s") % cause.layer_name, total) as running:
        for model in models_:
            moved += _reassign_model(model, cause, running)
    return moved


def _placed_models() -> Iterator[type[Placed]]:
    return (model for model in apps.get_models() if issubclass(model, Placed) and not model._meta.proxy)


def _reassign_model(model: type[Placed], cause: LayerImport, running: Progress) -> int:
    manager: models.Manager[Any] = model._default_manager
    divisions = dict(Division.objects.values_list("code", "pk"))
    grids = dict(Grid.objects.values_list("code", "pk"))
    moved, last = 0, None
    while True:
        rows = manager.filter(lon__isnull=False, lat__isnull=False).order_by("pk")
        batch = list((rows.filter(pk__gt=last) if last is not None else rows)[:BATCH])
        if not batch:
            return moved
        last = batch[-1].pk
        moved += _reassign_batch(batch, cause, divisions, grids)
        running.advance(len(batch))


def _reassign_batch(
    batch: list[Any], cause: LayerImport, divisions: dict[str, int], grids: dict[str, int]
) -> int:
    lons, lats = [row.lon for row in batch], [row.lat for row in batch]
    order = (VILLAGES, TOWNSHIPS, COUNTY, GRIDS)
    found = zip(batch, *(where_many(lons, lats, layer) for layer in order), strict=True)
    codes = {pk: code for code, pk in divisions.items()}
    grid_codes = {pk: code for code, pk in grids.items()}
    changed, moves = [], []
    for row, village, town, county, grid in found:
        division = divisions.get(village or town or county or "")
        grid_pk = grids.get(grid or "")
        if (row.division_id, row.grid_id) == (division, grid_pk):
            continue
        moves.append(
            PlaceMove(
                cause=cause,
                model=row._meta.label_lower,
                row_pk=str(row.pk),
                row_name=str(row)[:200],
                old_division=codes.get(row.division_id, ""),
                new_division=codes.get(division or 0, ""),
                old_grid=grid_codes.get(row.grid_id, ""),
                new_grid=grid_codes.get(grid_pk or 0, ""),
            )
        )
        row.division_id, row.grid_id = division, grid_pk
        changed.append(row)
    if changed:
        with transaction.atomic():
            type(changed[0])._default_manager.bulk_update(changed, ["division", "grid"], batch_size=1000)
            PlaceMove.objects.bulk_create(moves, batch_size=1000)
    return len(changed)
