"""One small demo county for all tests of this folder, and the kinds of user that visit it."""

from dataclasses import dataclass

import pytest

from qipan.kernel.access.models import Account
from qipan.kernel.modules import registry
from qipan.project.county import SEED, load_rules

SCALE = 0.05


def quiet(_what, _done, _of):
    """No progress bar in tests."""


def build_demo():
    """Every module's demo county at a small scale."""
    for module in registry.modules():
        if module.demo is not None:
            module.demo(SEED, SCALE, quiet)


@pytest.fixture(scope="session")
def demo_county(django_db_setup, django_db_blocker):
    """Built once; each test's own changes are rolled back."""
    with django_db_blocker.unblock():
        load_rules(quiet)
        build_demo()


@dataclass(frozen=True)
class Persona:
    """A kind of user; no username means a visitor."""

    name: str
    username: str


PERSONAS = (
    Persona("visitor", ""),
    Persona("resident", "resident"),
    Persona("worker", "grid.worker"),
    Persona("admin", "admin"),
)


@pytest.fixture
def visit(client, demo_county, db):
    """Sign a persona in and give the client."""

    def as_persona(persona):
        client.logout()
        if persona.username:
            client.force_login(Account.objects.get(username=persona.username))
        return client

    return as_persona
