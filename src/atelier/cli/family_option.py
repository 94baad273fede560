"""Parses the family of a command: `--family NAME`, or its name as the first argument."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import typer


class FamilyName(StrEnum):
    """The names in `jobs.families`, written out so that `--help` need not load them; a test compares them."""

    DETECTION = "detection"
    RETRIEVAL = "retrieval"
    OUTFIT = "outfit"
    RANKING = "ranking"


FamilyOption = Annotated[
    FamilyName | None, typer.Option(help="The family. Default: retrieval, or the first argument.")
]


def split_family(
    arguments: Sequence[str], family: FamilyName | None, num_others: int
) -> tuple[str, Sequence[str]]:
    """Split the family's name from the other arguments, of a command that takes it first or as an option.

    typer.BadParameter: too many or too few arguments, or the family is named twice or unknown.
    """
    expected = "one argument" if num_others else "no argument"
    if len(arguments) == num_others:
        return (family or FamilyName.RETRIEVAL).value, arguments
    if len(arguments) != num_others + 1 or family is not None:
        raise typer.BadParameter(f"expected {expected} besides the family, seen {' '.join(arguments)}")
    first, *others = arguments
    if first not in {name.value for name in FamilyName}:
        known = ", ".join(name.value for name in FamilyName)
        raise typer.BadParameter(f"there is no family '{first}' (expected one of {known})")
    return first, others
