"""A set of categories promises two or more that can be read."""

from __future__ import annotations

from dataclasses import replace

import pytest
from contracts_world import CATEGORY_SET, around, broken

from atelier.contracts.category_sets import LONGEST, PROMISES


@pytest.mark.parametrize(
    ("categories", "is_kept"),
    [
        (("Day Dresses", "Hats"), True),
        (("Hats", "Hats"), True),
        (("连衣裙", "x" * LONGEST), True),
        (("Hats",), False),
        ((), False),
        (("Hats", " "), False),
        (("Hats", "a\tb"), False),
        (("Hats", "x" * (LONGEST + 1)), False),
    ],
)
def test_categories_are_two_or_more_printable_lines(categories: tuple[str, ...], is_kept: bool) -> None:
    (told,) = broken("category_sets", PROMISES, [replace(CATEGORY_SET, categories=categories)], around())
    assert (told == []) is is_kept
