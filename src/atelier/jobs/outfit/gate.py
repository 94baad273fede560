"""Compares an outfit model with the champion on the same blanks in held-out sets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from atelier.evidence import Interval, resampled_means
from atelier.families.outfit.config import OutfitPreset
from atelier.lifecycle.context import Context
from atelier.lifecycle.family import Contestant, Decision

Hits = Mapping[str, Any]
"""Source of sets -> for each question, whether the blank was filled rightly."""


def decide(context: Context[OutfitPreset], challenger: Contestant, champion: Contestant | None) -> Decision:
    """Promote a model that fills more blanks: see `compare`.

    Without a model that is good enough nothing fails: releases then make no sets.
    """
    before = champion.results["hits"] if champion and champion.results else None
    return compare(
        challenger.results["hits"],
        before,
        has_champion=champion is not None,
        floor=context.preset.min_fill_in_the_blank,
    )


def compare(challenger: Hits, champion: Hits | None, *, has_champion: bool, floor: float) -> Decision:
    """Compare `fill_in_the_blank` question by question.

    The measure is the mean over the sources of sets, so that a source of many sets does not drown the others.
    `champion` is None where there is none, or none that sees items as the present retrieval champion does: it
    could not be served beside that one. Then `floor` decides.
    """
    mean = float(np.mean([np.mean(hits) for hits in challenger.values()])) if challenger else 0.0
    if champion is None:
        ok = bool(challenger) and mean >= floor
        why = (
            "the champion sees items as an earlier retrieval model did"
            if has_champion
            else "there is no champion"
        )
        words = "the floor is cleared" if ok else f"below the floor of {floor:.2f}"
        return Decision(ok, f"{why}, {mean:.3f} of the blanks are filled rightly, {words}")
    interval = _paired(challenger, champion)
    if interval.low > 0:
        return Decision(True, "better: the whole interval lies above zero", interval)
    return Decision(False, "not shown to be better", interval)


def _paired(challenger: Hits, champion: Hits) -> Interval:
    """Average the difference in hits over the sources, with its interval by a paired bootstrap in each."""
    rng = np.random.default_rng(0)
    points, draws = [], []
    for source, hits in challenger.items():
        gained_Q = np.asarray(hits, float) - np.asarray(champion[source], float)
        points.append(gained_Q.mean())
        draws.append(resampled_means(gained_Q, np.ones(len(gained_Q)), rng))
    return Interval.of_draws(float(np.mean(points)), np.mean(draws, 0))
