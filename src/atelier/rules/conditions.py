"""Evaluates conditions on single items: a column for each attribute, for a million items at once.

N = items
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]

TEXT_FACTS = (
    *("category", "subcategory", "department", "gender", "colour"),
    *("season", "usage", "style", "scene", "shop"),
)
NUMBER_FACTS = ("price", "rating", "stock", "year", "num_reviews")


@dataclass(frozen=True, eq=False)
class Words:
    """One text fact of N items: `values[codes_N]`; code -1 where an item lacks the fact."""

    codes_N: NDArray[np.int32]
    values: tuple[str, ...]

    @classmethod
    def of(cls, texts: Iterable[str | None]) -> Words:
        """Code plain texts, in the order in which they first come."""
        known: dict[str, int] = {}
        codes = [-1 if text is None else known.setdefault(text, len(known)) for text in texts]
        return cls(np.array(codes, np.int32), tuple(known))

    def among(self, wanted: Iterable[str | None]) -> Bools:
        """Select items that have one of these values; None stands for a missing value."""
        wanted = set(wanted)
        # The last place is that of code -1.
        known = np.array([value in wanted for value in self.values] + [None in wanted], dtype=bool)
        return known[self.codes_N]


@dataclass(frozen=True, eq=False)
class Attributes:
    """The attributes of N items. A missing column is one that no item has."""

    num_items: int
    words: Mapping[str, Words]
    numbers: Mapping[str, NDArray[np.float64]]
    """NaN where an item lacks the fact."""

    @classmethod
    def of(cls, columns: Mapping[str, Sequence[object]]) -> Attributes:
        """Make attributes from plain columns of one length, named as in `vocabulary.Item`; others are left
        out.
        """
        num_items = len(next(iter(columns.values()))) if columns else 0
        words = {
            fact: Words.of(None if value is None else str(value) for value in columns[fact])
            for fact in TEXT_FACTS
            if fact in columns
        }
        numbers = {
            fact: np.array(
                [np.nan if value is None else float(str(value)) for value in columns[fact]], np.float64
            )
            for fact in NUMBER_FACTS
            if fact in columns
        }
        return cls(num_items, words, numbers)

    def word(self, fact: str) -> Words:
        return self.words.get(fact) or Words(np.full(self.num_items, -1, np.int32), ())

    def number(self, fact: str) -> NDArray[np.float64]:
        found = self.numbers.get(fact)
        return np.full(self.num_items, np.nan) if found is None else found


@dataclass(frozen=True, slots=True)
class AnyOf:
    """The fact is one of these values; None stands for an item that lacks it."""

    fact: str
    values: tuple[str | None, ...]

    def holds(self, facts: Attributes) -> Bools:
        return facts.word(self.fact).among(self.values)

    def __str__(self) -> str:
        shown = ["missing" if value is None else value for value in self.values]
        return f"{self.fact} {shown[0] if len(shown) == 1 else 'one of ' + ', '.join(shown)}"


@dataclass(frozen=True, slots=True)
class NoneOf:
    """The fact is known, and is none of these values."""

    fact: str
    values: tuple[str | None, ...]

    def holds(self, facts: Attributes) -> Bools:
        words = facts.word(self.fact)
        return (words.codes_N >= 0) & ~words.among(self.values)

    def __str__(self) -> str:
        return f"{self.fact} not {', '.join(str(value) for value in self.values)}"


@dataclass(frozen=True, slots=True)
class Between:
    """The number is known and lies from `low` to `high`, both included."""

    fact: str
    low: float = -np.inf
    high: float = np.inf

    def holds(self, facts: Attributes) -> Bools:
        numbers = facts.number(self.fact)
        # A comparison with NaN is false: what is not known holds no condition.
        return (numbers >= self.low) & (numbers <= self.high)

    def __str__(self) -> str:
        form = ",.2f" if self.fact == "price" else "g"
        return f"{self.fact} from {self.low:{form}} to {self.high:{form}}"


Test = AnyOf | NoneOf | Between


@dataclass(frozen=True, slots=True)
class Condition:
    """All tests hold. With a slot: and the item stands in that slot of its set."""

    tests: tuple[Test, ...] = ()
    slot: str | None = None

    def holds(self, facts: Attributes) -> Bools:
        """Select the items that pass the tests, in any slot."""
        passed = np.ones(facts.num_items, dtype=bool)
        for test in self.tests:
            passed &= test.holds(facts)
        return passed

    def __str__(self) -> str:
        parts = [f"slot {self.slot}"] if self.slot else []
        return " and ".join([*parts, *map(str, self.tests)]) or "anything"
