"""Stores the inputs of items as arrays. NumPy only.

N = items, I, T, C = picture, title, colours, F = facts
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FACTS = ("category", "gender", "colour", "season", "usage", "style")
"""What is told of an item in words, as its row in the catalogue names it."""


@dataclass(frozen=True, eq=False)
class ItemTable:
    """Inputs of N items; rows of zeros, and code 0, stand for missing values."""

    image_NI: NDArray[np.float32]
    title_NT: NDArray[np.float32]
    colour_NC: NDArray[np.float32]
    codes_NF: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.codes_NF)

    @property
    def columns(self) -> tuple[NDArray[Any], ...]:
        """Return picture, title, colours and attributes as the networks take them."""
        return self.image_NI, self.title_NT, self.colour_NC, self.codes_NF

    @classmethod
    def joined(cls, tables: Sequence[ItemTable]) -> ItemTable:
        columns = zip(*(table.columns for table in tables), strict=True)
        return ItemTable(*(np.concatenate(parts) for parts in columns))


def codes_of(
    facts: Mapping[str, tuple[str, ...]], values: Sequence[Mapping[str, str | None]]
) -> NDArray[np.int64]:
    """Return codes from 1 of the values of each item's attributes [N, F]; 0 for an unknown one."""
    number = {fact: {value: code for code, value in enumerate(known, 1)} for fact, known in facts.items()}
    rows = [[number[fact].get(each.get(fact) or "", 0) for fact in facts] for each in values]
    return np.asarray(rows, np.int64).reshape(len(values), len(facts))
