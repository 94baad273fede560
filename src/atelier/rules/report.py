"""Checks whether rules can be kept: with any items at all, and with the items at hand.

Two pools are asked. The *possible* pool has one item for every combination of facts that the rules speak of:
what cannot be completed there contradicts itself. The real pool shows what the shop lacks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from difflib import get_close_matches
from itertools import product
from typing import Any

import numpy as np

from atelier.errors import RulesError
from atelier.rules.conditions import AnyOf, Attributes, Between, Condition, NoneOf, Test, Words
from atelier.rules.graph import ContextGraph, compile_rules
from atelier.rules.rules import Agree, Differ, Needs, Never, Rules

MAX_COMBINATIONS = 300_000
_OTHER = "(something else)"


@dataclass(frozen=True)
class SlotReport:
    """Items for one slot."""

    slot: str
    num_items: int
    emptied_by: str | None
    """Where there are none: the condition without which there would be some."""


@dataclass(frozen=True)
class ShapeReport:
    """The report whether one of the file's sets can be made."""

    shape: str
    contradiction: tuple[str, ...]
    """The smallest group of rules that no items at all could keep together; empty: there is none."""
    shortage: tuple[str, ...]
    """The same with the items at hand; empty where there is a contradiction already."""

    @property
    def possible(self) -> bool:
        return not self.contradiction and not self.shortage


@dataclass(frozen=True)
class RulesReport:
    """The report of a rule file on a pool."""

    name: str
    num_items: int
    slots: tuple[SlotReport, ...]
    shapes: tuple[ShapeReport, ...]
    unknown: tuple[str, ...]
    """Values that no item has, each with its place."""

    @property
    def problems(self) -> tuple[str, ...]:
        """List what must be changed before generation; empty: nothing."""
        found = list(self.unknown)
        found += [
            f"slots.{slot.slot}: no item fits"
            + (f"; without '{slot.emptied_by}' some would" if slot.emptied_by else "")
            for slot in self.slots
            if slot.num_items == 0
        ]
        for shape in self.shapes:
            if shape.contradiction:
                found.append(f"{shape.shape} contradicts itself: {' + '.join(shape.contradiction)}")
            elif shape.shortage:
                found.append(f"{shape.shape} cannot be filled from this pool: {' + '.join(shape.shortage)}")
        return tuple(found)

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "problems": list(self.problems), "ok": not self.problems}


def check_rules(rules: Rules, facts: Attributes) -> RulesReport:
    """Check whether the rules can be kept with these items, and if not, which of them prevent it.

    RulesError: the pool is empty.
    """
    if facts.num_items == 0:
        raise RulesError(f"{rules.name}: the pool is empty; ingest items, or ask for a wider pool")
    possible = possible_attributes(rules)
    return RulesReport(
        rules.name,
        facts.num_items,
        tuple(_slot_report(rules, number, facts) for number in range(len(rules.slots))),
        tuple(_shape_report(rules, number, facts, possible) for number in range(len(rules.shapes))),
        tuple(_unknown(rules, facts)),
    )


def compile_checked(rules: Rules, facts: Attributes) -> ContextGraph:
    """Compile the rules for a pool that can fill at least one of the sets.

    RulesError: none can be made, or the file names values that no item has; the message names the rules.
    """
    graph = compile_rules(rules, facts)
    if not graph.fillable():
        problems = check_rules(rules, facts).problems
        raise RulesError(f"{rules.name}: no set can be made. " + "; ".join(problems))
    if unknown := list(_unknown(rules, facts)):
        raise RulesError(f"{rules.name}: " + "; ".join(unknown))
    return graph


def possible_attributes(rules: Rules) -> Attributes:
    """Make one item for each combination of the values that the rules name, and of one that they do not.

    Attributes that only have to be equal or different need a few values more: as many as a set has pieces.
    RulesError: there are too many combinations to look at.
    """
    texts: dict[str, dict[str | None, None]] = {}
    numbers: dict[str, set[float]] = {}
    for test in _tests(rules):
        if isinstance(test, Between):
            near = {test.low, test.high, np.nextafter(test.low, -np.inf), np.nextafter(test.high, np.inf)}
            numbers.setdefault(test.fact, set()).update(value for value in near if np.isfinite(value))
        else:
            texts.setdefault(test.fact, {}).update(dict.fromkeys((*test.values, _OTHER)))
    for _, rule in rules.relations:
        if isinstance(rule, Agree):
            texts.setdefault(rule.fact, {}).update(dict.fromkeys((*rule.neutral, _OTHER)))
        elif isinstance(rule, Differ):
            more = (f"{_OTHER} {number}" for number in range(max(map(len, rules.plans()))))
            texts.setdefault(rule.fact, {}).update(dict.fromkeys(more))
    if rules.price is not None:
        limits = (rules.price.low, rules.price.high)
        shares = {limit / count for limit in limits for count in range(1, 7) if np.isfinite(limit)}
        numbers.setdefault("price", set()).update(shares)
    domains: dict[str, list[Any]] = {fact: list(values) for fact, values in texts.items()}
    domains.update({fact: sorted(values) for fact, values in numbers.items()})
    size = int(np.prod([len(values) for values in domains.values()], dtype=float))
    if size > MAX_COMBINATIONS:
        raise RulesError(
            f"{rules.name}: the rules speak of {size:,} combinations of facts (at most "
            f"{MAX_COMBINATIONS:,} can be examined); name wider facts, as subcategory instead of category"
        )
    return _every_combination(domains, copies=max(map(len, rules.plans())))


def _every_combination(domains: dict[str, list[Any]], copies: int) -> Attributes:
    """`copies` items of each combination: a set may hold as many alike as it has pieces."""
    combinations = list(product(*domains.values())) * copies
    columns = {fact: [row[number] for row in combinations] for number, fact in enumerate(domains)}
    return replace(Attributes.of(columns), num_items=len(combinations))


def _tests(rules: Rules) -> Iterator[Test]:
    for _, condition in _conditions(rules):
        yield from condition.tests


def _conditions(rules: Rules) -> Iterator[tuple[str, Condition]]:
    """Every condition with the place where it stands."""
    yield "everywhere", rules.everywhere
    for slot in rules.slots:
        yield f"slots.{slot.name}", slot.condition
    for name, rule in rules.relations:
        if isinstance(rule, Never | Needs):
            one, other = (rule.one, rule.other) if isinstance(rule, Never) else (rule.given, rule.then)
            yield name, one
            yield name, other


def _slot_report(rules: Rules, number: int, facts: Attributes) -> SlotReport:
    slot = rules.slots[number]
    conditions = [*rules.everywhere.tests, *slot.condition.tests]
    num_items = int(Condition(tuple(conditions)).holds(facts).sum())
    emptied_by = None
    if num_items == 0:
        emptied_by = next(
            (
                str(test)
                for test in conditions
                if Condition(tuple(other for other in conditions if other is not test)).holds(facts).any()
            ),
            None,
        )
    return SlotReport(slot.name, num_items, emptied_by)


def _shape_report(rules: Rules, number: int, facts: Attributes, possible: Attributes) -> ShapeReport:
    shape = rules.shapes[number]
    name = f"sets[{number}] ({' + '.join(shape.required)})"
    alone = replace(rules, shapes=(shape,))
    if _can_be_made(alone, facts):
        return ShapeReport(name, (), ())
    if not _can_be_made(alone, possible):
        return ShapeReport(name, _smallest_group(alone, possible), ())
    return ShapeReport(name, (), _smallest_group(alone, facts))


def _can_be_made(rules: Rules, facts: Attributes) -> bool:
    return compile_rules(rules, facts).fillable()


def _smallest_group(rules: Rules, facts: Attributes) -> tuple[str, ...]:
    """Rules that together forbid every set, and of which none can be spared: drop one after the other."""
    kept, group = rules, []
    for name in rules.names():
        fewer = kept.without(name)
        if _can_be_made(fewer, facts):
            group.append(f"{name} ({_in_words(rules, name)})")
        else:
            kept = fewer
    return tuple(group)


def _in_words(rules: Rules, name: str) -> str:
    if name == "everywhere":
        return str(rules.everywhere)
    if name == "price":
        assert rules.price is not None
        return f"from {rules.price.low:,.2f} to {rules.price.high:,.2f} a set"
    if name.startswith("slots."):
        return str(rules.slot(name.removeprefix("slots.")).condition)
    return str(dict(rules.relations)[name])


def _unknown(rules: Rules, facts: Attributes) -> Iterator[str]:
    """Named values that no item has, with the nearest that one has."""
    if rules.for_many_catalogues:
        return
    for place, condition in _conditions(rules):
        for test in condition.tests:
            if isinstance(test, AnyOf | NoneOf):
                yield from _unknown_values(place, test, facts.word(test.fact))


def _unknown_values(place: str, test: AnyOf | NoneOf, words: Words) -> Iterator[str]:
    for value in test.values:
        if value is not None and value not in words.values:
            near = get_close_matches(value, words.values, 1)
            hint = f"; did you mean '{near[0]}'?" if near else ""
            yield f"{place}: no item has the {test.fact} '{value}'{hint}"
