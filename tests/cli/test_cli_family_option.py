"""A family is named first or as an option, once."""

from __future__ import annotations

import pytest
import typer

from atelier.cli.family_option import DEFAULT_FAMILY, known, split_family
from atelier.families import known_families
from atelier.jobs.families import FAMILIES


def test_the_families_that_commands_know_are_those_of_the_list() -> None:
    assert set(known_families()) == {family.name for family in FAMILIES}
    assert DEFAULT_FAMILY in known_families()


def test_an_unknown_option_names_the_families_there_are() -> None:
    assert known("outfit") == "outfit"
    with pytest.raises(typer.BadParameter, match=r"there is no family 'tryon' .expected one of detection, "):
        known("tryon")


@pytest.mark.parametrize(
    ("arguments", "family", "expected"),
    [
        (["folder"], None, ("retrieval", ["folder"])),
        (["folder"], "outfit", ("outfit", ["folder"])),
        (["detection", "folder"], None, ("detection", ["folder"])),
    ],
)
def test_a_family_comes_first_or_as_an_option_and_is_retrieval_else(
    arguments: list[str], family: str | None, expected: tuple[str, list[str]]
) -> None:
    assert split_family(arguments, family, num_others=1) == expected


@pytest.mark.parametrize(
    ("arguments", "family", "message"),
    [
        (["outfit", "folder"], "outfit", "expected one argument besides the family"),
        (["tryon", "folder"], None, "there is no family 'tryon'"),
        (["a", "b", "c"], None, "expected one argument besides the family, seen a b c"),
        ([], None, "expected one argument"),
    ],
)
def test_a_family_named_twice_or_unknown_is_refused(
    arguments: list[str], family: str | None, message: str
) -> None:
    with pytest.raises(typer.BadParameter, match=message):
        split_family(arguments, family, num_others=1)
