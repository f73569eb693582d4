"""Check digits against published examples."""

import random
from typing import Any

import pytest

from qipan.kernel.orgs.identifiers import is_division_code, is_id_card, is_uscc, make_id_card, make_uscc


@pytest.mark.parametrize("code", ["91350100M000100Y43", "911100001000000000"[:17] + "0"])
def test_uscc_examples(code: Any) -> None:
    assert is_uscc(code) is (code == "91350100M000100Y43")  # the example of GB 32100-2015, annex


def test_id_card_example() -> None:
    assert is_id_card("11010519491231002X")  # the example of GB 11643-1999 §5
    assert not is_id_card("110105194912310021")
    assert not is_id_card("11010519490231002X")


def test_made_identifiers_are_well_formed_and_repeatable() -> None:
    made = [make_uscc(random.Random(5)), make_id_card(random.Random(5))]
    assert is_uscc(made[0])
    assert is_id_card(made[1])
    assert made == [make_uscc(random.Random(5)), make_id_card(random.Random(5))]


def test_division_codes() -> None:
    assert is_division_code("371525001042")
    assert not is_division_code("37152500104")
