"""Compares a student with the champion on the same searches, timed alternately."""

from __future__ import annotations

from typing import Any

import numpy as np

from atelier.evidence import Interval
from atelier.families.retrieval.config import RetrievalPreset
from atelier.jobs.retrieval.champion import encoder_in
from atelier.jobs.retrieval.relevance import compared_in_words, load_collection
from atelier.jobs.retrieval.scoring import milliseconds_per_picture
from atelier.jobs.retrieval.verdict import GateRules, Scores, Verdict, compare
from atelier.lifecycle.context import Context
from atelier.lifecycle.family import Contestant, Decision
from atelier.registry.plots import gate_interval


def decide(
    context: Context[RetrievalPreset], challenger: Contestant, champion: Contestant | None
) -> Decision:
    """Promote a challenger that is better at an acceptable cost, or not worse and cheaper: see `verdict`."""
    sides = [challenger] if champion is None else [challenger, champion]
    times = milliseconds_per_picture([encoder_in(side.files, threads=1) for side in sides])
    scores = [_scores(side, own) for side, own in zip(sides, times, strict=True)]
    rules = GateRules(floor_recall_at_1=context.preset.min_recall_at_1)
    verdict = compare(scores[0], scores[1] if champion else None, rules)
    report = verdict.to_markdown()
    if champion is not None:
        report += compared_in_words(
            load_collection(context.settings),
            champion=champion.results.get("judged", {}),
            challenger=challenger.results.get("judged", {}),
        )
    return Decision(
        verdict.promote,
        verdict.reason,
        _interval(verdict),
        report,
        show=lambda run: run.figure("gate_interval", gate_interval(verdict)) if champion else None,
    )


def _interval(verdict: Verdict) -> Interval | None:
    if verdict.difference is None or verdict.low is None or verdict.high is None:
        return None
    return Interval(verdict.difference, verdict.low, verdict.high)


def _scores(side: Contestant, times: list[float]) -> Scores:
    results: dict[str, Any] = side.results
    return Scores(
        model=side.name,
        query_ids=results["query_ids"],
        item_ids=results["item_ids"],
        categories=results["categories"],
        correct=np.asarray(results["correct"], bool),
        category_accuracy=results["category_accuracy"],
        milliseconds_per_picture=times,
    )
