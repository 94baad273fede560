"""Defines the contract of sets of which only the categories are known."""

from __future__ import annotations

import re

import pandas as pd

from atelier.contracts.promise import Promise, Surroundings, one_line, one_of, promised, unique
from atelier.vocabulary import Split

LONGEST = 100
"""Characters of a category, as in the table of products."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _two_readable(rows: pd.DataFrame, _: Surroundings) -> pd.Series[bool]:
    kept = [
        categories is None or (len(categories) >= 2 and all(map(_is_readable, categories)))
        for categories in rows.categories
    ]
    return pd.Series(kept, index=rows.index, dtype=bool)


def _is_readable(category: str) -> bool:
    return bool(category.strip()) and not _CONTROL.search(category) and len(category) <= LONGEST


PROMISES: tuple[Promise, ...] = (
    unique("set_id"),
    one_line("set_id"),
    one_line("source", 100),
    promised(
        ("categories",), f"two or more categories, each of 1 to {LONGEST} printable characters", _two_readable
    ),
    one_of("split", list(Split)),
)
