"""Rows that the page tests share: a county with two townships, their stations, people who may look."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from qipan.domains.governance.environment.models import AirHour, Site
from qipan.kernel.access.accounts import create_account, grant_role
from qipan.kernel.access.models import Account, RoleRow
from qipan.kernel.base.clock import now
from qipan.kernel.orgs.identifiers import make_uscc
from qipan.kernel.orgs.models import Division, Level, Organisation
from qipan.kernel.sensing.models import Thing


def make_county() -> Any:
    """The county government with the bureau below it; gives the bureau and two townships."""
    rng = Random(3)
    top = Division.objects.create(code="371525000000", name="县", level=Level.COUNTY, valid_from="2000-01-01")
    towns = [
        Division.objects.create(
            code=f"37152510{n}000", name=f"镇{n}", level=Level.TOWNSHIP, parent=top, valid_from="2000-01-01"
        )
        for n in (1, 2)
    ]
    root = Organisation.objects.create(code=make_uscc(rng), name="县政府", kind="government", division=top)
    bureau = Organisation.objects.create(
        code=make_uscc(rng), name="市生态环境局冠县分局", kind="government", division=top, parent=root
    )
    return root, bureau, towns


def make_site(code: Any, kind: Any, town: Any, organisation: Any = None) -> Any:
    """An active site with its device at a place in the county."""
    thing = Thing.objects.create(
        code=code,
        name=code,
        kind=kind,
        lon=115.44,
        lat=36.48,
        state=Thing.State.ACTIVE,
        valid_from=datetime(2020, 1, 1, tzinfo=UTC),
        organisation=organisation,
    )
    return Site.objects.create(
        thing=thing,
        code=code,
        name=code,
        kind=kind,
        township=town,
        organisation=organisation,
        assessed=kind == Site.Kind.TOWNSHIP_AIR,
    )


def last_full_hour() -> Any:
    """End of the last whole hour."""
    return now().replace(minute=0, second=0, microsecond=0)


def add_hour(site: Any, *, back: Any = 0, **values: Any) -> Any:
    """One stored hour of a site, ``back`` hours ago."""
    return AirHour.objects.create(site=site, hour=last_full_hour() - timedelta(hours=back), **values)


def sign_in(client: Any, root: Any, *permissions: Any) -> Any:
    """A member of staff with just these permissions, signed in."""
    RoleRow.objects.update_or_create(
        code="looker", defaults={"label": "looker", "permissions": list(permissions)}
    )
    account = create_account("looker", "looker", Account.Kind.STAFF, by=None)
    grant_role(account, "looker", root, by=None, with_children=True)
    client.force_login(account, backend="qipan.kernel.access.backends.AccountBackend")
    return account
