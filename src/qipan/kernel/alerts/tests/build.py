"""A small county for the tests: divisions, offices, people with roles, and a kind of event."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from qipan.kernel.access.accounts import grant_role
from qipan.kernel.access.models import Account, RoleRow
from qipan.kernel.alerts import catalogue
from qipan.kernel.alerts.actions import propose, publish, sign, submit
from qipan.kernel.alerts.declarations import AlertRule, EventType
from qipan.kernel.alerts.models import Alert
from qipan.kernel.alerts.offers import ROLES
from qipan.kernel.base.clock import now
from qipan.kernel.orgs.models import Division, Level, Organisation

PASSWORD = "correct horse battery"
SANGA, LIULIN = "371525104000", "371525102000"
HEAVY = EventType(
    "heavy_pollution", "重污染天气", "Env", cn_code="11B29",
    texts={"": "预计{onset}起{areas}出现{event},启动{colour}响应。"},
    guide={"red": "停止户外活动。", "": "减少外出。"},
)  # fmt: skip
RULE = AlertRule(
    "heavy_pollution", "aqi.high", {"critical": "red", "major": "orange"}, text="{thing}:{message}"
)


@dataclass(frozen=True)
class Offer:
    """What a module offers to this block."""

    event_types: tuple[EventType, ...] = (HEAVY,)
    alert_rules: tuple[AlertRule, ...] = (RULE,)


@dataclass(frozen=True)
class County:
    """The people of a test."""

    office: Organisation
    drafter: Account
    signer: Account
    second: Account
    receiver: Account
    other: Account


def make_county() -> County:
    """Two townships, a county office, drafter, two signers, a receiver in each township."""
    catalogue.install([Offer()])
    for role in ROLES:
        RoleRow.objects.update_or_create(
            code=role.code, defaults={"label": str(role.label), "permissions": list(role.permissions)}
        )
    county = Division.objects.create(
        code="371525000000", name="冠县", level=Level.COUNTY, valid_from=date(2000, 1, 1)
    )
    for code, name in ((SANGA, "桑阿镇"), (LIULIN, "柳林镇")):
        Division.objects.create(
            code=code, name=name, level=Level.TOWNSHIP, parent=county, valid_from=date(2000, 1, 1)
        )
    office = Organisation.objects.create(
        code="11371525MB00000001", name="冠县应急管理局", kind="government", division=county, path="1/"
    )
    return County(
        office,
        person("drafter", office, "alerts.clerk"),
        person("signer", office, "alerts.chief"),
        person("second", office, "alerts.chief"),
        person("receiver", office, "alerts.recipient", SANGA[:9]),
        person("other", office, "alerts.recipient", LIULIN[:9]),
    )


def person(name: str, office: Organisation, role: str, prefix: str = "") -> Account:
    """A staff account that holds one role."""
    account = Account(username=name, name=name, kind=Account.Kind.STAFF, organisation=office)
    account.set_password(PASSWORD)
    account.save()
    grant_role(account, role, office, by=None, division_prefix=prefix, with_children=True)
    return account


def draft(county: County, colour: str = "yellow", areas: tuple[str, ...] = (SANGA,), **more: object) -> Alert:
    """A draft of a heavy pollution warning that begins now."""
    start: datetime = now().replace(microsecond=0)
    values: dict[str, object] = {
        "onset": start, "expires": start + timedelta(hours=24), "drafted_by": county.drafter, **more
    }  # fmt: skip
    return propose("heavy_pollution", colour, areas, **values)  # type: ignore[arg-type]


def signed(county: County, colour: str = "yellow", **more: object) -> Alert:
    """A warning signed by everybody who must."""
    alert = submit(draft(county, colour, **more), county.drafter)  # type: ignore[arg-type]
    alert = sign(alert, county.signer, password=PASSWORD)
    return alert if colour != "red" else sign(alert, county.second, password=PASSWORD)


def published(county: County, colour: str = "yellow", **more: object) -> Alert:
    """A live warning."""
    return publish(signed(county, colour, **more), county.signer)
