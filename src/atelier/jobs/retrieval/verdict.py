"""Compares a challenger with the champion and decides on evidence, never on a bare "greater than".

Both models answer the same test queries. The difference of their `recall_at_1` gets an interval by a paired
bootstrap over the test items, and `compare` reads it. NumPy only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from atelier.evidence import Interval, paired_bootstrap
from atelier.markdown import literal


@dataclass(frozen=True, eq=False)
class Scores:
    """The results of one model on the test queries. Champion and challenger are scored on the same ones."""

    model: str
    """How a reviewer calls it: 'retrieval version 7'."""
    query_ids: Sequence[str]
    item_ids: Sequence[str]
    """The true item of each query: several queries of one item are not independent evidence."""
    categories: Sequence[str]
    """The article type of each query's item."""
    correct: np.ndarray
    """bool [Q]: the first answer is the query's item."""
    category_accuracy: float
    """Share of pictures whose article type is recognised, 0 to 1."""
    milliseconds_per_picture: Sequence[float]
    """One figure for each round of timing. Time both models in turns, at least three rounds each."""

    def __post_init__(self) -> None:
        lengths = {len(self.query_ids), len(self.item_ids), len(self.categories), len(self.correct)}
        if lengths == {0} or len(lengths) != 1:
            raise ValueError(f"scores of {self.model} need one value for each query, not lengths {lengths}")
        if len(set(self.query_ids)) != len(self.query_ids):
            raise ValueError(f"scores of {self.model} name a query twice")
        if not self.milliseconds_per_picture or min(self.milliseconds_per_picture) <= 0:
            raise ValueError(f"scores of {self.model} need a positive time for each round of timing")

    @property
    def recall_at_1(self) -> float:
        return float(np.mean(self.correct))

    @property
    def milliseconds(self) -> float:
        """The median round."""
        return float(np.median(self.milliseconds_per_picture))


@dataclass(frozen=True)
class GateRules:
    """The thresholds of the gate. All shares are of queries, 0 to 1."""

    confidence: float = 0.95
    """Of the two-sided interval: equally good challengers look better in (1 - confidence) / 2 of trials."""
    resamples: int = 2000
    seed: int = 0
    margin: float = 0.005
    """'Not worse' means that the whole interval lies above minus this."""
    cheaper: float = 0.95
    """'Cheaper' means below this share of the champion's time, slowest round against fastest."""
    max_cost_ratio: float = 1.5
    """A better challenger that costs more than this many times the champion's time is held."""
    min_items: int = 30
    """Fewer test items than this decide nothing."""
    min_category_items: int = 20
    """Smaller categories are reported but not guarded."""
    max_category_loss: float = 0.05
    """No guarded category may surely lose more recall than this."""
    max_accuracy_loss: float = 0.02
    """Category accuracy may not fall by more than this."""
    floor_recall_at_1: float = 0.0
    floor_category_accuracy: float = 0.0
    """What the first model of all must reach; later ones are measured against their champion."""


@dataclass(frozen=True)
class Standing:
    """One side of a verdict."""

    model: str
    recall_at_1: float
    category_accuracy: float
    milliseconds: float


@dataclass(frozen=True)
class CategoryChange:
    """The change in recall of one category; its interval is corrected for the number of categories."""

    category: str
    num_items: int
    champion: float
    challenger: float
    low: float
    high: float
    guarded: bool


@dataclass(frozen=True)
class Verdict:
    """The decision of the gate with its reason. The difference and the cost are None without a champion."""

    promote: bool
    reason: str
    challenger: Standing
    num_queries: int
    num_items: int
    confidence: float
    champion: Standing | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    cost_ratio: float | None = None
    """The challenger's time for a picture over the champion's, both medians."""
    categories: tuple[CategoryChange, ...] = ()
    """The worst change first."""

    def to_markdown(self) -> str:
        """Write the report for the run."""
        sides = [side for side in (self.champion, self.challenger) if side is not None]
        names = ["Champion", "Challenger"][-len(sides) :]
        lines = [
            f"# Gate: {'promoted' if self.promote else 'held'}",
            "",
            f"{self.challenger.model}: {self.reason}.",
            "",
            "| | "
            + " | ".join(f"{name}: {side.model}" for name, side in zip(names, sides, strict=True))
            + " |",
            "| --- |" + " ---: |" * len(sides),
            "| recall_at_1 | " + " | ".join(f"{side.recall_at_1:.4f}" for side in sides) + " |",
            "| category accuracy | " + " | ".join(f"{side.category_accuracy:.4f}" for side in sides) + " |",
            "| milliseconds per picture | " + " | ".join(f"{side.milliseconds:.2f}" for side in sides) + " |",
            "",
            f"Measured on {self.num_queries:,} queries of {self.num_items:,} test items.",
        ]
        return "\n".join(lines + self._comparison()) + "\n"

    def _comparison(self) -> list[str]:
        if self.difference is None or self.low is None or self.high is None or self.cost_ratio is None:
            return []
        lines = [
            f"Difference of recall_at_1: **{self.difference:+.4f}**, {self.confidence:.0%} interval "
            f"[{self.low:+.4f}, {self.high:+.4f}] by paired bootstrap over the items. "
            f"Cost ratio: {self.cost_ratio:.2f}.",
            "",
            "## Categories that changed most for the worse",
            "",
            "| Category | Items | Champion | Challenger | Interval | Guarded |",
            "| --- | ---: | ---: | ---: | :---: | :---: |",
        ]
        for change in self.categories[:15]:
            lines.append(
                f"| {literal(change.category)} | {change.num_items} "
                f"| {change.champion:.3f} | {change.challenger:.3f} "
                f"| [{change.low:+.3f}, {change.high:+.3f}] | {'yes' if change.guarded else 'too few'} |"
            )
        return lines


def compare(challenger: Scores, champion: Scores | None, rules: GateRules = GateRules()) -> Verdict:
    """Decide whether the challenger replaces the champion.

    It does when it is better (the whole interval is above zero) at an acceptable cost, or when it is not
    worse (the whole interval is above minus the margin) and cheaper; unless a category or the category
    accuracy suffers. The first model of all needs to clear the floors. ValueError where the two were not
    scored on the same queries.
    """
    if champion is None:
        promote, reason = _first(challenger, rules)
        return _verdict(challenger, promote, reason, confidence=rules.confidence)
    champion = _aligned(champion, challenger)
    interval = paired_bootstrap(
        challenger.correct,
        champion.correct,
        challenger.item_ids,
        resamples=rules.resamples,
        seed=rules.seed,
        confidence=rules.confidence,
    )
    changes = _category_changes(challenger, champion, rules)
    promote, reason = _compare(challenger, champion, interval, changes, rules)
    return _verdict(
        challenger,
        promote,
        reason,
        champion=_standing(champion),
        difference=interval.difference,
        low=interval.low,
        high=interval.high,
        confidence=rules.confidence,
        cost_ratio=challenger.milliseconds / champion.milliseconds,
        categories=changes,
    )


def _verdict(challenger: Scores, promote: bool, reason: str, **comparison: Any) -> Verdict:
    return Verdict(
        promote=promote,
        reason=reason,
        challenger=_standing(challenger),
        num_queries=len(challenger.query_ids),
        num_items=len(set(challenger.item_ids)),
        **comparison,
    )


def _standing(scores: Scores) -> Standing:
    return Standing(scores.model, scores.recall_at_1, scores.category_accuracy, scores.milliseconds)


def _first(challenger: Scores, rules: GateRules) -> tuple[bool, str]:
    for name, seen, floor in (
        ("recall_at_1", challenger.recall_at_1, rules.floor_recall_at_1),
        ("category accuracy", challenger.category_accuracy, rules.floor_category_accuracy),
    ):
        if seen < floor:
            return False, f"there is no champion, but {name} is {seen:.4f}, below the floor of {floor:.4f}"
    return True, "there is no champion, and the floors are cleared"


def _compare(
    challenger: Scores,
    champion: Scores,
    interval: Interval,
    changes: tuple[CategoryChange, ...],
    rules: GateRules,
) -> tuple[bool, str]:
    if objection := _objection(challenger, champion, changes, rules):
        return False, objection
    ratio = challenger.milliseconds / champion.milliseconds
    if interval.low > 0:
        if ratio > rules.max_cost_ratio:
            return False, f"better, but {ratio:.2f} times the cost, more than {rules.max_cost_ratio:.2f}"
        return True, "better: the whole interval lies above zero"
    slowest = max(challenger.milliseconds_per_picture)
    fastest = min(champion.milliseconds_per_picture)
    if interval.low > -rules.margin:
        if slowest < rules.cheaper * fastest:
            return True, f"not worse by more than {rules.margin:.3f}, and cheaper"
        return False, "not worse, but neither better nor cheaper beyond the noise of timing"
    return False, "not shown to be better: the interval reaches below zero"


def _objection(
    challenger: Scores, champion: Scores, changes: tuple[CategoryChange, ...], rules: GateRules
) -> str | None:
    """Return what stops a challenger whatever its recall, or None."""
    num_items = len(set(challenger.item_ids))
    if num_items < rules.min_items:
        return f"{num_items} test items are too few to decide on; at least {rules.min_items} are needed"
    lost = [each.category for each in changes if each.guarded and each.high < -rules.max_category_loss]
    if lost:
        return f"recall in {', '.join(lost)} surely falls by more than {rules.max_category_loss:.0%}"
    accuracy_loss = champion.category_accuracy - challenger.category_accuracy
    if accuracy_loss > rules.max_accuracy_loss:
        return f"category accuracy falls by {accuracy_loss:.4f}, more than {rules.max_accuracy_loss:.4f}"
    return None


def _category_changes(challenger: Scores, champion: Scores, rules: GateRules) -> tuple[CategoryChange, ...]:
    """Compute each category's change, with Bonferroni's correction."""
    names, category_Q = np.unique(np.asarray(challenger.categories), return_inverse=True)
    item_Q = np.unique(np.asarray(challenger.item_ids), return_inverse=True)[1]
    confidence = 1 - (1 - rules.confidence) / len(names)
    changes = []
    for index, name in enumerate(names):
        mask_Q = category_Q == index
        interval = paired_bootstrap(
            challenger.correct[mask_Q],
            champion.correct[mask_Q],
            item_Q[mask_Q],
            resamples=rules.resamples,
            seed=rules.seed,
            confidence=confidence,
        )
        num_items = len(np.unique(item_Q[mask_Q]))
        changes.append(
            CategoryChange(
                category=str(name),
                num_items=num_items,
                champion=float(champion.correct[mask_Q].mean()),
                challenger=float(challenger.correct[mask_Q].mean()),
                low=interval.low,
                high=interval.high,
                guarded=num_items >= rules.min_category_items,
            )
        )
    return tuple(sorted(changes, key=lambda change: change.challenger - change.champion))


def _aligned(champion: Scores, challenger: Scores) -> Scores:
    """Reorder the champion's scores to the challenger's order of queries."""
    place = {query_id: index for index, query_id in enumerate(champion.query_ids)}
    if place.keys() != set(challenger.query_ids):
        num_shared = len(place.keys() & set(challenger.query_ids))
        raise ValueError(
            f"a paired test needs the same queries: {champion.model} answered {len(place)}, "
            f"{challenger.model} {len(challenger.query_ids)}, both only {num_shared}; score both again"
        )
    order = np.array([place[query_id] for query_id in challenger.query_ids])
    return replace(
        champion,
        query_ids=challenger.query_ids,
        item_ids=challenger.item_ids,
        categories=challenger.categories,
        correct=np.asarray(champion.correct)[order],
    )
