"""Parses the family of a command: `--family NAME`, or its name as the first argument."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from atelier.families import known_families

DEFAULT_FAMILY = "retrieval"


def known(family: str | None) -> str | None:
    """Return a family's name if there is such a family. typer.BadParameter names those there are."""
    if family is not None and family not in known_families():
        raise typer.BadParameter(
            f"there is no family '{family}' (expected one of {', '.join(known_families())})"
        )
    return family


FamilyOption = Annotated[
    str | None,
    typer.Option(
        callback=known, metavar="FAMILY", help="The family. Default: retrieval, or the first argument."
    ),
]


def split_family(arguments: Sequence[str], family: str | None, num_others: int) -> tuple[str, Sequence[str]]:
    """Split the family's name from the other arguments, of a command that takes it first or as an option.

    typer.BadParameter: too many or too few arguments, or the family is named twice or unknown.
    """
    expected = "one argument" if num_others else "no argument"
    if len(arguments) == num_others:
        return family or DEFAULT_FAMILY, arguments
    if len(arguments) != num_others + 1 or family is not None:
        raise typer.BadParameter(f"expected {expected} besides the family, seen {' '.join(arguments)}")
    first, *others = arguments
    known(first)
    return first, others
