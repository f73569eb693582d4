"""Imports name every bad row and write the good ones."""

import pytest

from qipan.kernel.base.errors import InvalidInput
from qipan.kernel.orgs.importing import import_divisions, import_organisations, import_posts
from qipan.kernel.orgs.models import Division, Level, Organisation, Post

pytestmark = pytest.mark.django_db


def test_divisions_with_faults() -> None:
    rows = [
        "371525000000,冠县",
        "371525001000,清泉街道",
        "371525001042,戴屯社区",
        "37,短",
        "371599001000,别处",
    ]
    text = "\n".join(["code,name", *rows])
    result = import_divisions(text)
    assert result.written == 3
    assert [line for line, _ in result.faults] == [5, 6]
    assert Division.objects.get(code="371525001042", parent__name="清泉街道").level == Level.VILLAGE
    assert import_divisions(text).unchanged == 3


def test_missing_column_is_named() -> None:
    with pytest.raises(InvalidInput) as fault:
        import_divisions("code,title\n1,2\n")
    assert "name" in fault.value.message


def test_organisations_and_posts() -> None:
    organisations = (
        "code,name,kind,short_name,parent,division\n"
        "91350100M000100Y43,示例单位,government,示例,,\n"
        "91350100M000100Y44,校验错,government,,,\n"
        "913501000000000000,x,unknown,,,\n"
    )
    result = import_organisations(organisations)
    assert (result.written, [line for line, _ in result.faults]) == (1, [3, 4])
    assert import_posts("organisation,name,rank\n91350100M000100Y43,负责人,1\n").written == 1
    assert Post.objects.get().organisation == Organisation.objects.get()
    assert Organisation.objects.get().path == f"{Organisation.objects.get().pk}/"
