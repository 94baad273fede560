"""Examines a trained ranker and makes it a version of its model, with all that a reviewer wants to see."""

from __future__ import annotations

import time
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from atelier.datasets.catalogue import Catalogue
from atelier.families import ranking
from atelier.families.ranking.export import FILES
from atelier.families.ranking.inference import (
    OUTPUT,
    USER_FILE,
    USER_INPUTS,
    VALUES_FILE,
    OnnxRanker,
    RankingContract,
)
from atelier.jobs.outfit.champion import champion_embedder
from atelier.jobs.ranking.champion import FAMILY, SPACE, ranker_in
from atelier.jobs.ranking.examine import answers, popularity
from atelier.jobs.ranking.material import Description, RankingMaterial, material_as
from atelier.jobs.ranking.train import ranker_code
from atelier.jobs.retrieval.exam import Registered, outcome_of, registered_already
from atelier.jobs.retrieval.train import TrainOutcome, current_version, read_weights, run_key
from atelier.registry.cards import CardFacts, about_family, model_card
from atelier.registry.signature import Signature, TensorSpec
from atelier.registry.store import open_registry
from atelier.settings import Settings

RESULTS_FILE = "results.json"
"""Where an examination keeps its answers for the gate."""
_TIMED_SETS, _TIMED_USERS = 1000, 50


def register_ranker(
    settings: Settings, preset: str, trained: TrainOutcome, *, progress: bool = True
) -> Registered:
    """Examine a ranker on the last showings and register it as the candidate.

    Found registered already: nothing is done. DigestError: weights have changed since they were trained.
    """
    start = time.perf_counter()
    version = current_version(settings)
    registry = open_registry(settings)
    key = run_key("ranker-examination", version, trained.key, code=ranker_code())
    known = registered_already(registry, FAMILY, key, start)
    if known is not None:
        return known
    tags = {"data_version": version, "preset": preset, "training": trained.run_id}
    with (
        TemporaryDirectory() as temporary,
        registry.start_run(f"ranker-examination-{preset}", key, tags, family=FAMILY) as run,
    ):
        folder = Path(temporary)
        read_weights(registry, trained, (*FILES, VALUES_FILE), folder)
        ranker = ranker_in(folder, threads=1)
        catalogue = Catalogue.open(settings.data_dir)
        with champion_embedder(settings, catalogue) as eyes:
            description = Description.read(folder, ranker.contract)
            material = material_as(catalogue, eyes, description, progress=progress)
        said = answers(ranker, material)
        metrics = {f"test/{name}": value for name, value in said.metrics.items()}
        metrics |= {f"popularity/{name}": value for name, value in popularity(material).metrics.items()}
        metrics["milliseconds_per_user"] = _milliseconds_per_user(ranker, material)
        run.metrics(metrics, 0)
        run.json(RESULTS_FILE, said.marks())
        made = registry.register(
            FAMILY,
            folder,
            run.ref,
            signature=_signature(ranker.contract),
            input_example=_example(ranker.contract),
            card=model_card(_facts(preset, version, material, metrics)),
            tags=tags | {SPACE: ranker.contract.vectors_digest},
            served=USER_FILE,
        )
    return outcome_of(made, run.run_id, False, metrics, start)


def _milliseconds_per_user(ranker: OnnxRanker, material: RankingMaterial) -> float:
    """CPU time from a history to the scores of 1,000 sets; the best of many users."""
    sets_SE = ranker.set_vectors(material.sets)
    sets_SE = np.resize(sets_SE, (_TIMED_SETS, sets_SE.shape[1]))
    history = list(range(min(len(material.sets), ranker.contract.longest_history)))
    times = []
    for _ in range(_TIMED_USERS):
        start = time.process_time()
        ranker.user_vectors(material.sets.summaries, ["u"], [history]) @ sets_SE.T
        times.append((time.process_time() - start) * 1000)
    return float(np.median(times))


def _facts(
    preset: str, data_version: str, material: RankingMaterial, metrics: Mapping[str, float]
) -> CardFacts:
    about = about_family((resources.files(ranking) / "CARD.md").read_text(encoding="utf-8"))
    return CardFacts(
        name=FAMILY,
        summary=about[""],
        intended_use=about["Intended use"],
        limits=[line.removeprefix("- ") for line in about["Limits"].replace("\n  ", " ").splitlines()],
        preset=preset,
        data_version=data_version,
        splits=material.counts(),
        metrics={name: value for name, value in metrics.items() if name != "milliseconds_per_user"},
        cost={
            "CPU time for a user and 1,000 sets": f"{metrics['milliseconds_per_user']:.2f} ms on one thread"
        },
    )


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
    """A user who clicked nothing yet."""
    profile, bucket = USER_INPUTS
    width = contract.items.summary_width + 1
    return {profile: np.zeros((1, width), np.float32), bucket: np.zeros(1, np.int64)}
