"""`qipan new-module`: the skeleton of a system, with a first register and a passing test."""

from pathlib import Path

FILES = {
    "__init__.py": '"""{name}."""\n',
    "models.py": '''"""Tables of {name}."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from qipan.kernel.base.models import Record
from qipan.kernel.base.scope import Scope
from qipan.kernel.orgs.models import Organisation


class Entry(Record):
    """One row: rename it after what it is in the trade."""

    name = models.CharField(_("名称"), max_length=100)
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name=_("单位"))

    scope: ClassVar[Scope] = Scope(organisation="organisation")

    class Meta:
        ordering: ClassVar = ["name"]
        verbose_name = _("记录")
        verbose_name_plural = _("记录")

    def __str__(self) -> str:
        return self.name
''',
    "registers.py": '''"""Lists, forms, exports and API of {name}."""

from qipan.domains.{chapter}.{label}.models import Entry
from qipan.kernel.ui.declarations import Register

REGISTERS = (
    Register(
        Entry,
        "entries",
        ("name", "organisation"),
        filters=("organisation",),
        search=("name",),
        edit=("name", "organisation"),
    ),
)
''',
    "module.py": '''"""{name}: what it brings to the house."""

from django.utils.translation import gettext_lazy as _

from qipan.domains.{chapter}.{label}.registers import REGISTERS
from qipan.kernel.modules.declarations import Module

module = Module(
    action={action},
    label="{label}",
    name=_("{name}"),
    owner=_("{owner}"),
    chapter="{chapter}",
    registers=REGISTERS,
)
''',
    "migrations/__init__.py": "",
    "tests/__init__.py": "",
    "tests/test_models.py": '''"""A row says its name."""

from qipan.domains.{chapter}.{label}.models import Entry


def test_an_entry_is_shown_by_its_name():
    assert str(Entry(name="x")) == "x"
''',
}


def write(package: Path, values: dict[str, str]) -> Path:
    """Write the skeleton below ``domains/<chapter>/<label>``; FileExistsError when it stands already.

    ``values``: chapter, label, name, owner, action.
    """
    folder = package / "domains" / values["chapter"] / values["label"]
    if folder.exists():
        raise FileExistsError(f"{folder} stands already")
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.format(**values), encoding="utf-8")
    systems = package / "project" / "systems.py"
    listed = systems.read_text(encoding="utf-8").rstrip().removesuffix(")").rstrip().rstrip(",")
    systems.write_text(
        f'{listed}, "qipan.domains.{values["chapter"]}.{values["label"]}",)\n', encoding="utf-8"
    )
    return folder
