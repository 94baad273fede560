"""Lets an outfit model take the champion's place, or not: on the same questions about held-out sets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from atelier.datasets.catalogue import Catalogue
from atelier.families.outfit.inference import load_model
from atelier.jobs.outfit.champion import FAMILY, champion_embedder
from atelier.jobs.outfit.exam import RESULTS_FILE
from atelier.jobs.outfit.examine import examine
from atelier.jobs.outfit.train import outfit_code, outfit_preset
from atelier.jobs.retrieval.exam import Registered
from atelier.jobs.retrieval.train import current_version
from atelier.lifecycle.gate import GateVerdict, champion_challenger_test
from atelier.registry.models import ModelVersion
from atelier.registry.store import Registry
from atelier.settings import Settings

_RESAMPLES = 2000
_CONFIDENCE = 0.95
Hits = Mapping[str, Any]
"""Source of sets -> for each question, whether the blank was filled rightly."""


def gate_outfits(
    settings: Settings, preset: str, registered: Registered, *, progress: bool = True
) -> GateVerdict:
    """Hold champion and challenger against the same sets and move the alias `champion` if evidence says so.

    Without a model that is good enough nothing fails: releases then make no sets.
    """

    def judge(registry: Registry, challenger: ModelVersion, champion: ModelVersion | None) -> dict[str, Any]:
        new = json.loads(registry.read(challenger.run_id, RESULTS_FILE))["hits"]
        old = None if champion is None else _hits_of(settings, registry, champion, progress)
        return decide(
            new, old, has_champion=champion is not None, floor=outfit_preset(preset).min_fill_in_the_blank
        )

    return champion_challenger_test(settings, FAMILY, preset, registered, outfit_code(), judge)


def decide(challenger: Hits, champion: Hits | None, *, has_champion: bool, floor: float) -> dict[str, Any]:
    """`promoted` and its `reason`, and the paired difference of `fill_in_the_blank` with its 95 % interval.

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
        return {"promoted": ok, "reason": f"{why}, {mean:.3f} of the blanks are filled rightly, {words}"}
    difference, low, high = _paired(challenger, champion)
    if low > 0:
        promoted, reason = True, "better: the whole interval lies above zero"
    else:
        promoted, reason = False, "not shown to be better"
    return {"promoted": promoted, "reason": reason, "difference": difference, "low": low, "high": high}


def _paired(challenger: Hits, champion: Hits) -> tuple[float, float, float]:
    """Mean over the sources of the difference in hits, and its interval by a paired bootstrap in each."""
    rng = np.random.default_rng(0)
    points, draws = [], []
    for source, hits in challenger.items():
        gained_Q = np.asarray(hits, float) - np.asarray(champion[source], float)
        points.append(gained_Q.mean())
        draws.append(gained_Q[rng.integers(len(gained_Q), size=(_RESAMPLES, len(gained_Q)))].mean(1))
    low, high = np.quantile(np.mean(draws, 0), [(1 - _CONFIDENCE) / 2, (1 + _CONFIDENCE) / 2])
    return float(np.mean(points)), float(low), float(high)


def _hits_of(settings: Settings, registry: Registry, champion: ModelVersion, progress: bool) -> Hits | None:
    """The champion's answers to the current questions; None where it cannot see today's items."""
    version, catalogue = current_version(settings), Catalogue.open(settings.data_dir)
    with TemporaryDirectory() as folder, champion_embedder(settings, catalogue) as eyes:
        files = registry.fetch(champion, Path(folder) / FAMILY)
        model = load_model(files)
        if model.contract.space != eyes.contract.digest:
            return None
        return examine(
            settings, catalogue, eyes.with_image_tower(files), model, version, progress=progress
        ).hits
