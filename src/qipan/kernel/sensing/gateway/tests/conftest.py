"""What tests that commit leave behind in the partitioned tables."""

from collections.abc import Iterator

import pytest
from django.db import connection

from qipan.kernel.access.models import Account
from qipan.kernel.sensing import partitions, resolving


def _forget() -> None:
    resolving.forget()
    partitions._known.clear()


@pytest.fixture
def emptied_partitions(transactional_db: None) -> Iterator[None]:
    """Empty the tables that Django does not know, and the caches of this process."""
    _forget()
    yield
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE sensing_framelog, sensing_observation, sensing_text")
        cursor.execute("TRUNCATE sensing_thing CASCADE")
    Account.objects.filter(username="gateway.clerk").delete()
    _forget()
