"""Groups items into classes: all items of one class make the same rules true.

Every rule but the price of a set speaks of one item or of two. What such a rule can see of an item is a
handful of yes and no and a few values; items in which all of that is equal are one class. A class that may
stand in a slot is a cell there. A pool of a million items has some hundred cells.

N = items, K = classes, C = cells, S = slots
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from atelier.errors import RulesError
from atelier.rules.conditions import Attributes, Bools, Condition, Words
from atelier.rules.rules import Agree, Differ, Needs, Never, Rules

MAX_CELLS = 20_000
"""Which cells may meet is a square table of this side, 400 MB of yes and no."""
NUM_PRICE_BANDS = 12
_NEUTRAL = -2
_PARTITION_FACT = "shop"
"""Has too many values for classes: where pieces agree in it, every value is a pool of its own."""

Codes = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Cells:
    """The cells of a pool, their compatible pairs, and their items."""

    slot_C: NDArray[np.int64]
    """Number of the slot in `Rules.slots`; cells are sorted by it."""
    class_C: NDArray[np.int64]
    low_C: NDArray[np.float64]
    """Prices of the cell's items: from here"""
    high_C: NDArray[np.float64]
    """to here; both 0 where the rules set no price for a set."""
    meet_CC: Bools
    """Which two cells may stand in one set, in either order."""
    needing: tuple[tuple[str, Bools], ...]
    """For each `Needs` the slot that must be filled, and which cells bring that need along."""
    class_N: NDArray[np.int64]
    """Class of each item; -1 where it may stand in no slot."""
    partition_N: NDArray[np.int64]
    """Sets never cross partitions: its shop, where pieces agree in shops, else 0."""
    partitions: tuple[str, ...]

    @property
    def num_cells(self) -> int:
        return len(self.slot_C)


def divide(rules: Rules, facts: Attributes) -> Cells:
    """Sort a pool into cells. RulesError: the rules tell too many kinds of items apart."""
    in_slot_NS = np.stack([slot.condition.holds(facts) for slot in rules.slots], axis=1)
    in_slot_NS &= rules.everywhere.holds(facts)[:, None]
    partition_N, partitions = _partitions(rules, facts)
    usable_N = in_slot_NS.any(axis=1) & (partition_N >= 0)
    seen = _Seen(rules, facts)
    usable_N &= seen.usable_N
    columns = [in_slot_NS[:, slot].astype(np.int64) for slot in range(len(rules.slots))]
    class_N = _numbered([*columns, *seen.columns()], usable_N)
    # One item of each class stands for all.
    first_K = np.unique(class_N, return_index=True)[1]
    first_K = first_K[class_N[first_K] >= 0]
    class_C, slot_C = np.nonzero(in_slot_NS[first_K])
    order = np.lexsort((class_C, slot_C))
    class_C, slot_C = class_C[order], slot_C[order]
    if len(slot_C) > MAX_CELLS:
        raise RulesError(
            f"{rules.name}: these rules tell {len(slot_C):,} kinds of items apart (at most {MAX_CELLS:,}); "
            f"`agree` or `differ` in a fact with fewer values"
        )
    size_K = _least_at_hand(class_N, partition_N, len(first_K))
    low_C, high_C = _prices(facts, seen, first_K, class_N, class_C)
    meet_CC, needing = _meetings(rules, seen, first_K, slot_C, class_C, size_K)
    return Cells(slot_C, class_C, low_C, high_C, meet_CC, needing, class_N, partition_N, partitions)


def _partitions(rules: Rules, facts: Attributes) -> tuple[Codes, tuple[str, ...]]:
    agreed = [rule for _, rule in rules.relations if isinstance(rule, Agree)]
    if not any(rule.fact == _PARTITION_FACT for rule in agreed):
        return np.zeros(facts.num_items, np.int64), ("",)
    words = facts.word(_PARTITION_FACT)
    return words.codes_N.astype(np.int64), words.values


class _Seen:
    """What relations can see of each item: a column of small whole numbers for each thing."""

    def __init__(self, rules: Rules, facts: Attributes) -> None:
        self.conditions: dict[Condition, Bools] = {}
        self.values: dict[str, Codes] = {}
        self.usable_N: Bools = np.ones(facts.num_items, dtype=bool)
        for name, rule in rules.relations:
            match rule:
                case Never(one, other) | Needs(one, other):
                    for condition in (one, other):
                        self.conditions[condition] = condition.holds(facts)
                case Agree(fact, neutral) if fact != _PARTITION_FACT:
                    self.values[name] = _agreeing(facts.word(fact), neutral)
                    self.usable_N &= self.values[name] != -1
                case Differ(fact):
                    self.values[name] = facts.word(fact).codes_N.astype(np.int64)
                case _:
                    pass
        if rules.price is not None:
            self.values["price"] = _bands(rules, facts)
            self.usable_N &= self.values["price"] != -1

    def columns(self) -> list[Codes]:
        return [*(column.astype(np.int64) for column in self.conditions.values()), *self.values.values()]


def _agreeing(words: Words, neutral: tuple[str | None, ...]) -> Codes:
    """Codes in which -1 (unknown, and not neutral) agrees with nothing and `_NEUTRAL` with everything."""
    codes = words.codes_N.astype(np.int64)
    return np.where(words.among(neutral), _NEUTRAL, codes)


def _bands(rules: Rules, facts: Attributes) -> Codes:
    """Price band of each item, by equal ratios up to the dearest set; -1: no price, or too dear by itself."""
    assert rules.price is not None
    price_N = facts.number("price")
    fits_N = (price_N >= 0) & (price_N <= rules.price.high)
    if not fits_N.any():
        return np.full(facts.num_items, -1, np.int64)
    low, high = np.quantile(price_N[fits_N], (0.02, 0.98))
    edges = np.geomspace(max(low, 1e-2), max(high, low + 1e-2, 2e-2), NUM_PRICE_BANDS - 1)
    return np.where(fits_N, np.searchsorted(edges, price_N), -1)


def _numbered(columns: list[Codes], usable_N: Bools) -> Codes:
    """Number the different rows of the columns, in their sorted order; -1 where an item is not usable."""
    class_N = np.zeros(len(usable_N), np.int64)
    for column in columns:
        shifted = column - column.min(initial=0)
        class_N = class_N * (shifted.max(initial=0) + 1) + shifted
        # Numbering anew after each column keeps the numbers small.
        class_N = np.unique(class_N, return_inverse=True)[1]
    numbered = np.full(len(usable_N), -1, np.int64)
    numbered[usable_N] = np.unique(class_N[usable_N], return_inverse=True)[1]
    return numbered


def _least_at_hand(class_N: Codes, partition_N: Codes, num_classes: int) -> Codes:
    """Items of each class in the partition that has the fewest of it, partitions without any left out."""
    placed = class_N >= 0
    pairs, counts = np.unique(partition_N[placed] * num_classes + class_N[placed], return_counts=True)
    least_K = np.full(num_classes, np.iinfo(np.int64).max)
    np.minimum.at(least_K, pairs % max(num_classes, 1), counts)
    return least_K


def _prices(
    facts: Attributes, seen: _Seen, first_K: Codes, class_N: Codes, class_C: Codes
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Prices of each cell's band, from its cheapest to its dearest item; 0 where prices do not matter."""
    band_N = seen.values.get("price")
    if band_N is None:
        return np.zeros(len(class_C)), np.zeros(len(class_C))
    price_N, placed = facts.number("price"), class_N >= 0
    low_B, high_B = np.full(NUM_PRICE_BANDS, np.inf), np.full(NUM_PRICE_BANDS, -np.inf)
    np.minimum.at(low_B, band_N[placed], price_N[placed])
    np.maximum.at(high_B, band_N[placed], price_N[placed])
    band_C = band_N[first_K][class_C]
    return low_B[band_C], high_B[band_C]


def _meetings(
    rules: Rules, seen: _Seen, first_K: Codes, slot_C: Codes, class_C: Codes, size_K: Codes
) -> tuple[Bools, tuple[tuple[str, Bools], ...]]:
    slot_numbers = {slot.name: number for number, slot in enumerate(rules.slots)}

    def meets(condition: Condition) -> Bools:
        met_C = seen.conditions[condition][first_K][class_C]
        return met_C if condition.slot is None else met_C & (slot_C == slot_numbers[condition.slot])

    meet_CC = np.ones((len(slot_C), len(slot_C)), dtype=bool)
    needing: list[tuple[str, Bools]] = []
    for name, rule in rules.relations:
        match rule:
            case Never(one, other):
                meet_CC &= ~(meets(one)[:, None] & meets(other)[None, :])
            case Needs(given, then):
                assert then.slot is not None
                given_C = meets(given)
                needing.append((then.slot, given_C))
                fails_C = (slot_C == slot_numbers[then.slot]) & ~meets(then)
                meet_CC &= ~(given_C[:, None] & fails_C[None, :])
            case Agree(fact) if fact != _PARTITION_FACT:
                value_C = seen.values[name][first_K][class_C]
                neutral_C = value_C == _NEUTRAL
                equal_CC = value_C[:, None] == value_C[None, :]
                meet_CC &= equal_CC | neutral_C[:, None] | neutral_C[None, :]
            case Differ():
                value_C = seen.values[name][first_K][class_C]
                meet_CC &= (value_C[:, None] != value_C[None, :]) | (value_C < 0)[:, None]
            case _:
                pass
    # An item stands in a set once: a class must have enough of them, or it stands there once.
    longest = max((len(plan) for plan in rules.plans()), default=1)
    scarce_C = size_K[class_C] < longest
    meet_CC &= ~((class_C[:, None] == class_C[None, :]) & scarce_C[:, None])
    return meet_CC & meet_CC.T, tuple(needing)
