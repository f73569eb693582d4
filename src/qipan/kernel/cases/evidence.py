"""Photos as evidence: kept with place and time; doubts are flagged for the checker, nothing is refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from qipan.kernel import files, maps
from qipan.kernel.access.accounts import program_account
from qipan.kernel.base.errors import InvalidInput
from qipan.kernel.cases.models import Assignment, Case, CaseEvent, CasePhoto
from qipan.kernel.cases.places import LARGEST_ERROR_M
from qipan.kernel.cases.turns import Turn
from qipan.kernel.cases.wording import PhotoKind
from qipan.kernel.files import photos as pictures

OLDEST = timedelta(minutes=30)
FARTHEST_M = 50.0
MOST_PHOTOS = 9


@dataclass(frozen=True)
class PhotoInput:
    """A photo as handed in; what the device says wins over what the picture's EXIF says."""

    data: bytes
    name: str = "photo.jpg"
    lon: float | None = None
    lat: float | None = None
    accuracy_m: float | None = None
    taken_at: datetime | None = None
    kind: str = ""


def attach(
    turn: Turn,
    photos: Sequence[PhotoInput],
    kind: str,
    *,
    event: CaseEvent | None = None,
    assignment: Assignment | None = None,
) -> list[CasePhoto]:
    """Store photos of a case; InvalidInput for more than nine or for what is no picture."""
    if len(photos) > MOST_PHOTOS:
        raise InvalidInput("photos", _("一次最多上传%(count)d张照片") % {"count": MOST_PHOTOS})
    return [_attach_one(turn, photo, kind, event, assignment) for photo in photos]


def _attach_one(
    turn: Turn, photo: PhotoInput, kind: str, event: CaseEvent | None, assignment: Assignment | None
) -> CasePhoto:
    owner = turn.account or program_account("public")
    stored = files.store(photo.data, photo.name, owner, kinds=("image",))
    seen = pictures.inspect(photo.data)
    row = CasePhoto(
        case=turn.case,
        event=event,
        assignment=assignment,
        file=stored,
        kind=photo.kind or kind,
        lon=seen.lon if photo.lon is None else photo.lon,
        lat=seen.lat if photo.lat is None else photo.lat,
        accuracy_m=photo.accuracy_m,
        taken_at=photo.taken_at or seen.taken_at,
        received_at=turn.at,
        by=turn.account,
    )
    row.distance_m = _apart(turn.case, row)
    row.flags = doubts(row, turn.case)
    row.save()
    return row


def _apart(case: Case, photo: CasePhoto) -> float | None:
    if photo.lon is None or photo.lat is None or case.lon is None or case.lat is None:
        return None
    return maps.distance_m(case.lon, case.lat, photo.lon, photo.lat)


def doubts(photo: CasePhoto, case: Case) -> list[str]:
    """What a checker should know: no place or time, poor fix, far from the matter, wrong grid, old."""
    found = []
    if photo.taken_at is None:
        found.append("no_time")
    elif photo.received_at - photo.taken_at > OLDEST:
        found.append("old")
    if photo.lon is None or photo.lat is None:
        return [*found, "no_place"]
    if photo.accuracy_m is not None and photo.accuracy_m > LARGEST_ERROR_M:
        found.append("poor_fix")
    if photo.distance_m is not None and photo.distance_m > FARTHEST_M + (photo.accuracy_m or 0.0):
        found.append("far")
    if _outside(photo, case):
        found.append("outside_grid")
    return found


def _outside(photo: CasePhoto, case: Case) -> bool:
    """Whether photo and matter lie in different grids (villages where grids have no drawn outline)."""
    if photo.lon is None or photo.lat is None or case.lon is None or case.lat is None:
        return False
    taken, matter = maps.where(photo.lon, photo.lat), maps.where(case.lon, case.lat)
    if matter.grid is not None:
        return taken.grid != matter.grid
    return matter.village is not None and taken.village != matter.village


def require_photo(turn: Turn, kind: str, photos: Sequence[PhotoInput]) -> None:
    """InvalidInput when the type asks for a photo of this kind and none was handed in or exists."""
    wanted = f"photo_{kind}" in turn.case.type.evidence
    if not wanted or photos:
        return
    if kind == PhotoKind.BEFORE and turn.case.photos.filter(kind__in=(PhotoKind.REPORT, kind)).exists():
        return
    words = {PhotoKind.BEFORE: _("处置前照片"), PhotoKind.AFTER: _("处置后照片")}
    raise InvalidInput("photos", _("需要上传%(what)s") % {"what": words[PhotoKind(kind)]})
