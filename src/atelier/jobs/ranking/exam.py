"""Examines a trained ranker on the last showings, with popularity as the baseline."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from atelier.families.ranking.config import RankingPreset
from atelier.families.ranking.inference import (
    OUTPUT,
    USER_FILE,
    USER_INPUTS,
    OnnxRanker,
    RankingContract,
)
from atelier.families.ranking.training import Description, RankingMaterial
from atelier.jobs.ranking.champion import SPACE, ranker_in
from atelier.jobs.ranking.examine import answers, popularity
from atelier.jobs.ranking.material import material_as
from atelier.jobs.retrieval.embedder import catalogue_embedder
from atelier.lifecycle.context import Context
from atelier.lifecycle.family import Examination, Outcomes
from atelier.registry.signature import Signature, TensorSpec

_TIMED_SETS, _TIMED_USERS = 1000, 50


def examine(context: Context[RankingPreset], outcomes: Outcomes, weights: Mapping[str, Path]) -> Examination:
    """Examine the ranker on the last showings."""
    del outcomes  # its files say it all
    (files,) = weights.values()
    ranker = ranker_in(files, threads=1)
    material = _material_of(context, files, ranker)
    answered = answers(ranker, material)
    metrics = {f"test/{name}": value for name, value in answered.metrics.items()}
    metrics |= {f"popularity/{name}": value for name, value in popularity(material).metrics.items()}
    milliseconds = _milliseconds_per_user(ranker, material)
    return Examination(
        files=files,
        served=USER_FILE,
        signature=_signature(ranker.contract),
        example=_example(ranker.contract),
        metrics={**metrics, "milliseconds_per_user": milliseconds},
        results=answered.as_results(),
        splits=material.counts(),
        cost={"CPU time for a user and 1,000 sets": f"{milliseconds:.2f} ms on one thread"},
        tags={SPACE: ranker.contract.vectors_digest},
    )


def reexamine(context: Context[RankingPreset], files: Path) -> Any:
    """Score the current showings with an earlier ranker; None for one of another embedding space."""
    ranker = ranker_in(files)
    if ranker.contract.vectors_digest != context.once(catalogue_embedder).contract.digest:
        return None
    return answers(ranker, _material_of(context, files, ranker)).as_results()


def _material_of(context: Context[RankingPreset], files: Path, ranker: OnnxRanker) -> RankingMaterial:
    embedder = context.once(catalogue_embedder)
    description = Description.read(files, ranker.contract)
    return material_as(embedder.catalogue, embedder, description, progress=context.progress)


def _milliseconds_per_user(ranker: OnnxRanker, material: RankingMaterial) -> float:
    """Measure the CPU time from a history to the scores of 1,000 sets; the best of many users."""
    sets_SE = ranker.set_vectors(material.sets)
    sets_SE = np.resize(sets_SE, (_TIMED_SETS, sets_SE.shape[1]))
    history = list(range(min(len(material.sets), ranker.contract.longest_history)))
    times = []
    for _ in range(_TIMED_USERS):
        start = time.process_time()
        ranker.user_vectors(material.sets.summaries, ["u"], [history]) @ sets_SE.T
        times.append((time.process_time() - start) * 1000)
    return float(np.median(times))


def _signature(contract: RankingContract) -> Signature:
    profile, bucket = USER_INPUTS
    return Signature(
        inputs=(
            TensorSpec(profile, "float32", (-1, contract.items.summary_width + 1)),
            TensorSpec(bucket, "int64", (-1,)),
        ),
        outputs=(TensorSpec(OUTPUT, "float32", (-1, contract.dimension + 2)),),
    )


def _example(contract: RankingContract) -> dict[str, np.ndarray]:
    """Make a user without clicks."""
    profile, bucket = USER_INPUTS
    width = contract.items.summary_width + 1
    return {profile: np.zeros((1, width), np.float32), bucket: np.zeros(1, np.int64)}
