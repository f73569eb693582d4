"""Steps at the desk: accept, refuse, verify, file, transfer, void, note, merge, and what reporters may do."""

from typing import Any

from django.utils.translation import gettext as _

from qipan.kernel import maps
from qipan.kernel.base.errors import InvalidInput
from qipan.kernel.cases import dispatching, evidence, notices, timing
from qipan.kernel.cases.models import Case, CaseLink, CaseTypeRow
from qipan.kernel.cases.states import MAIN_LINE, State
from qipan.kernel.cases.turns import Turn
from qipan.kernel.cases.wording import PhotoKind

VERIFY_WITHIN_M = 200.0


def accept(turn: Turn) -> None:
    """Take a report in; the desk may set its type (`type`) and severity first."""
    facts: dict[str, Any] = {}
    chosen = turn.data.get("type")
    if chosen is not None and chosen.pk != turn.case.type_id:
        change_type(turn, chosen)
        facts["type"] = chosen.code
    severity = turn.data.get("severity")
    if severity:
        turn.case.severity = facts["severity"] = int(severity)
    verify = turn.case.type.verify_first and turn.case.source not in ("device", "person")
    take_in(turn, "accept", facts, verify=verify, automatic=False)


def take_in(turn: Turn, step: str, facts: dict[str, Any], *, verify: bool, automatic: bool) -> None:
    """Leave the desk for the next state of the profile, and go on as far as the profile runs by itself."""
    target = turn.case.type.profile.after(State(turn.case.state), verify=verify)
    if target == State.TO_DISPATCH:
        _filed(turn, facts)
    turn.move(step, target, data=facts, automatic=automatic)
    run_on(turn)


def run_on(turn: Turn) -> None:
    """Pass the states that the profile leaves by itself."""
    profile = turn.case.type.profile
    if turn.case.state == State.TO_DISPATCH and State.TO_DISPATCH in profile.auto:
        dispatching.by_rule(turn)


def change_type(turn: Turn, chosen: CaseTypeRow) -> None:
    """Another type before filing: limits are picked anew from the original start."""
    if turn.case.filed_at is not None:
        raise InvalidInput("type", _("立案后不能再改类型"))
    turn.case.type = chosen
    if chosen.owner is not None:
        turn.case.desk = turn.case.holder = chosen.owner
    timing.repick(turn.case)


def _filed(turn: Turn, facts: dict[str, Any]) -> None:
    turn.case.filed_at = turn.at
    facts["filed"] = True
    # the owner keeps the case from here on: its desk is known to the replay
    facts["desk"] = turn.case.desk_id


def refuse(turn: Turn) -> None:
    """Not taken; the reporter is told why in words."""
    turn.move("refuse", State.REFUSED, note=turn.data["text"], data={"reason": turn.data["reason"]})
    notices.reporter_told(turn.case, turn.written[-1], turn.data["text"])


def appeal(turn: Turn) -> None:
    """The reporter asks once for another look at a refusal; a supervisor hears of it."""
    turn.case.appealed = True
    timing.start(turn.case, "total", turn.at)
    event = turn.move("appeal", State.REPORTED, data={"text": turn.data["text"]})
    notices.supervisors_told(turn.case, event, turn.data["text"])


def verify(turn: Turn) -> None:
    """An inspector on the spot says whether the matter is there; a photo proves it either way."""
    photos = turn.data.get("photos") or ()
    if not photos:
        raise InvalidInput("photos", _("核实需要现场照片"))
    _must_be_near(turn)
    found = bool(turn.data["found"])
    facts: dict[str, Any] = {"found": found}
    if found:
        target = turn.case.type.profile.after(State.TO_VERIFY)
        if target == State.TO_DISPATCH:
            _filed(turn, facts)
        event = turn.move("verify", target, data=facts)
    else:
        event = turn.move("verify", State.REFUSED, data=facts, note=_("经现场核实,未发现所反映的问题"))
        notices.reporter_told(turn.case, event, event.public_note)
    evidence.attach(turn, photos, PhotoKind.CHECK, event=event)
    run_on(turn)


def _must_be_near(turn: Turn) -> None:
    spot, case = turn.data.get("place"), turn.case
    if case.lon is None or case.lat is None:
        return
    if spot is None or not spot.known:
        raise InvalidInput("place", _("核实需要现场定位"))
    away = maps.distance_m(case.lon, case.lat, spot.lon, spot.lat)
    if away > VERIFY_WITHIN_M:
        words = {"away": round(away), "limit": round(VERIFY_WITHIN_M)}
        raise InvalidInput("place", _("离现场%(away)d米,须在%(limit)d米以内核实") % words)


def file(turn: Turn) -> None:
    """File the case: each filing condition is ticked or a reason is given; type and limits are frozen."""
    conditions = _ticked(turn, turn.case.type.filing, "filing")
    facts: dict[str, Any] = {"conditions": conditions}
    _filed(turn, facts)
    turn.move("file", State.TO_DISPATCH, data=facts)
    run_on(turn)


def _ticked(turn: Turn, conditions: list[str], field: str) -> list[dict[str, Any]]:
    ticked = set(turn.data.get(field) or ())
    reason = turn.data.get("reason") or ""
    missing = [text for number, text in enumerate(conditions) if str(number) not in ticked]
    if missing and not reason:
        raise InvalidInput(field, _("未勾选“%(what)s”,请勾选或说明理由") % {"what": missing[0]})
    return [
        {"text": text, "met": str(number) in ticked, "reason": "" if str(number) in ticked else reason}
        for number, text in enumerate(conditions)
    ]


def close(turn: Turn) -> None:
    """Confirm the end; the reporter is told, merged cases follow."""
    case = turn.case
    conditions = _ticked(turn, case.type.closing, "closing") if not turn.receipt else []
    case.closed_at = turn.at
    note = turn.data.get("note") or ""
    if note:
        case.public_text = note
    event = turn.move("close", State.CLOSED, note=note, data={"conditions": conditions})
    case.in_time = timing.judge(case)
    notices.reporter_told(case, event, note or str(_("您反映的问题已办结,请评价")))
    for duplicate in case.duplicates.filter(state=State.MERGED):
        _close_with_master(Turn(duplicate, turn.by, turn.at), note)


def _close_with_master(turn: Turn, note: str) -> None:
    turn.case.closed_at = turn.at
    timing.stop_all(turn.case, at=turn.at, waived=True)
    event = turn.move("note", State.MERGED, note=note, data={"closed_with_master": True}, automatic=True)
    notices.reporter_told(turn.case, event, note or str(_("您反映的问题已办结,请评价")))
    turn.finish("note")


def reopen(turn: Turn) -> None:
    """The matter is not settled after all: same number, new limits, counted."""
    case = turn.case
    case.reopened += 1
    case.closed_at = case.in_time = None
    case.self_handled = False
    timing.start(case, "total", turn.at)
    event = turn.move("reopen", State.TO_DISPATCH, data={"text": turn.data["text"]})
    notices.desk_told(case, event, turn.data["text"])


def self_handle(turn: Turn) -> None:
    """An inspector has put it right on the spot: photos before and after prove it."""
    photos = turn.data.get("photos") or ()
    kinds = {photo.kind for photo in photos}
    kinds |= set(turn.case.photos.values_list("kind", flat=True))
    if not ({PhotoKind.BEFORE, PhotoKind.REPORT} & kinds and PhotoKind.AFTER in kinds):
        raise InvalidInput("photos", _("自行处置需要处置前和处置后照片"))
    turn.case.self_handled = True
    turn.case.filed_at = turn.at
    event = turn.move(
        "self_handle", State.TO_CLOSE, data={"text": turn.data["text"], "filed": True, "self": True}
    )
    evidence.attach(turn, photos, PhotoKind.AFTER, event=event)


def transfer(turn: Turn) -> None:
    """Hand a case that nobody works on yet to another organisation, up or down."""
    organisation = turn.data["organisation"]
    if organisation.pk == turn.case.desk_id:
        raise InvalidInput("organisation", _("案件已在该单位"))
    turn.case.desk = organisation
    data = {"desk": organisation.pk, "reason": turn.data["reason"], "text": turn.data.get("text", "")}
    event = turn.move("transfer", turn.case.state, data=data)
    notices.desk_told(turn.case, event, turn.data.get("text", ""))


def withdraw(turn: Turn) -> None:
    """The reporter takes the report back."""
    turn.move("withdraw", State.WITHDRAWN, data={"text": turn.data.get("text", "")})


def ask_void(turn: Turn) -> None:
    """Ask that a case be voided; another person decides."""
    turn.move("ask_void", turn.case.state, data={"reason": turn.data["reason"]})


def void(turn: Turn) -> None:
    """Void a case that another person asked to void."""
    dispatching.cancel_open_tasks(turn)
    turn.move("void", State.VOIDED, data={"reason": turn.data["reason"]})


def note(turn: Turn) -> None:
    """Tell the public something about the case."""
    text = turn.data["text"]
    turn.case.public_text = text
    event = turn.move("note", turn.case.state, note=text)
    notices.reporter_told(turn.case, event, text)


def urge(turn: Turn) -> None:
    """A supervisor presses whoever has to act."""
    event = turn.move("urge", turn.case.state, data={"text": turn.data["text"]})
    notices.holders_urged(turn.case, event, turn.data["text"])


def merge(turn: Turn) -> None:
    """Let a duplicate follow its master; its clocks stand, its number and receipt stay."""
    master: Case = turn.data["master"]
    if master.pk == turn.case.pk or not master.is_open:
        raise InvalidInput("master", _("只能并入另一件在办案件"))
    case, former = turn.case, turn.case.state
    timing.pause(timing.running(case), "merge", turn.at)
    case.master = master
    CaseLink.objects.get_or_create(
        a=case, b=master, kind=CaseLink.Kind.DUPLICATE, defaults={"by": turn.account}
    )
    turn.move("merge", State.MERGED, data={"master": master.pk, "former": former})


def unmerge(turn: Turn) -> None:
    """Undo a merging while the master is open: state and clocks as before, the time between is a pause."""
    case = turn.case
    if case.master is None or not case.master.is_open:
        raise InvalidInput("master", _("主案件已结束,不能取消并案"))
    merged = case.events.filter(step="merge").latest("seq")
    former = State(merged.data["former"])
    if former not in MAIN_LINE:
        raise InvalidInput("master", _("并案前的状态无法恢复"))
    CaseLink.objects.filter(a=case, b=case.master, kind=CaseLink.Kind.DUPLICATE).delete()
    case.master = None
    turn.move("unmerge", former, data={"reason": turn.data["reason"]})
    timing.resume(timing.running(case), "merge", turn.at)
