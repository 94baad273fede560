"""A small pool with every kind of fact, and the obvious slow way to say whether a set obeys rules."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np

from atelier.rules.conditions import AnyOf, Attributes, Between, Condition, NoneOf
from atelier.rules.rules import Agree, Differ, Needs, Never, Rules

Row = dict[str, Any]
Piece = tuple[str, Row]
"""A slot and what stands there."""

WEAR = """
name: PhotoDegradation
everywhere: {gender: [Women, Unisex]}
slots:
  top: {category: [Shirts, Tops]}
  bottom: {category: [Jeans, Skirts]}
  dress: {category: Dresses}
  shoes: {category: [Heels, Trainers]}
  accessory: {category: [Watches, Belts, Caps], at_most: 2}
sets:
  - {required: [top, bottom, shoes], optional: accessory}
  - {required: [dress, accessory], optional: shoes}
never:
  - [{slot: dress}, {category: Trainers}]
  - [{usage: Sports}, {usage: Formal}]
needs:
  - given: {category: Belts}
    then: {slot: bottom, category: Jeans}
agree: {season: {neutral: [All, null]}}
differ: category
pieces: {from: 2, to: 4}
"""


def pool(num_items: int, seed: int = 0) -> list[Row]:
    """Items with random facts, some of them missing."""
    rng = np.random.default_rng(seed)
    choices: dict[str, list[str | None]] = {
        "category": [
            "Shirts",
            "Tops",
            "Jeans",
            "Skirts",
            "Dresses",
            "Heels",
            "Trainers",
            "Watches",
            "Belts",
            "Caps",
        ],
        "gender": ["Women", "Women", "Women", "Unisex", "Men", None],
        "season": ["Summer", "Winter", "All", None],
        "usage": ["Sports", "Formal", "Casual", "Casual", None],
        "shop": ["North", "South", "South", None],
    }
    rows = []
    for _ in range(num_items):
        row: Row = {fact: values[rng.integers(len(values))] for fact, values in choices.items()}
        row["price"] = None if rng.random() < 0.05 else round(float(rng.uniform(10, 100)), 2)
        rows.append(row)
    return rows


def facts_of(rows: Sequence[Row]) -> Attributes:
    return Attributes.of({fact: [row[fact] for row in rows] for fact in rows[0]})


def obeys(rules: Rules, pieces: Sequence[Piece]) -> bool:
    """Whether a complete set keeps every rule, asked one by one."""
    slots = sorted(slot for slot, _ in pieces)
    if slots not in [sorted(plan) for plan in rules.plans()]:
        return False
    if not all(_meets(rules.everywhere, p) and _meets(rules.slot(p[0]).condition, p) for p in pieces):
        return False
    if rules.price and sum(row["price"] or np.nan for _, row in pieces) not in rules.price:
        return False
    if len({id(row) for _, row in pieces}) < len(pieces):
        return False
    return all(keeps(rule, pieces) for _, rule in rules.relations)


def keeps(rule: object, pieces: Sequence[Piece]) -> bool:
    match rule:
        case Never(one, other):
            return not any(
                (_meets(one, a) and _meets(other, b)) or (_meets(one, b) and _meets(other, a))
                for a, b in combinations(pieces, 2)
            )
        case Needs(given, then):
            if not any(_meets(given, piece) for piece in pieces):
                return True
            there = [piece for piece in pieces if piece[0] == then.slot]
            return bool(there) and all(_meets(then, piece) for piece in there)
        case Agree(fact, neutral):
            values = [row[fact] for _, row in pieces if row[fact] not in neutral]
            return None not in values and len(set(values)) <= 1
        case Differ(fact):
            known = [row[fact] for _, row in pieces if row[fact] is not None]
            return len(set(known)) == len(known)
    raise AssertionError(rule)


def _meets(condition: Condition, piece: Piece) -> bool:
    slot, row = piece
    return condition.slot in (None, slot) and all(passes(test, row) for test in condition.tests)


def passes(test: object, row: Row) -> bool:
    match test:
        case AnyOf(fact, values):
            return row.get(fact) in values
        case NoneOf(fact, values):
            return row.get(fact) is not None and row[fact] not in values
        case Between(fact, low, high):
            return row.get(fact) is not None and low <= row[fact] <= high
    raise AssertionError(test)
