"""A family is named first or as an option, once."""

from __future__ import annotations

import pytest
import typer

from atelier.cli.family_option import FamilyName, split_family
from atelier.jobs.families import FAMILIES


def test_the_names_written_out_are_those_of_the_families() -> None:
    assert {name.value for name in FamilyName} == {family.name for family in FAMILIES}


@pytest.mark.parametrize(
    ("arguments", "family", "expected"),
    [
        (["folder"], None, ("retrieval", ["folder"])),
        (["folder"], FamilyName.OUTFIT, ("outfit", ["folder"])),
        (["detection", "folder"], None, ("detection", ["folder"])),
    ],
)
def test_a_family_comes_first_or_as_an_option_and_is_retrieval_else(
    arguments: list[str], family: FamilyName | None, expected: tuple[str, list[str]]
) -> None:
    assert split_family(arguments, family, num_others=1) == expected


@pytest.mark.parametrize(
    ("arguments", "family", "message"),
    [
        (["outfit", "folder"], FamilyName.OUTFIT, "expected one argument besides the family"),
        (["tryon", "folder"], None, "there is no family 'tryon'"),
        (["a", "b", "c"], None, "expected one argument besides the family, seen a b c"),
        ([], None, "expected one argument"),
    ],
)
def test_a_family_named_twice_or_unknown_is_refused(
    arguments: list[str], family: FamilyName | None, message: str
) -> None:
    with pytest.raises(typer.BadParameter, match=message):
        split_family(arguments, family, num_others=1)
