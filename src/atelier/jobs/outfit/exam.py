"""Examines a trained outfit model and makes it a version, with all that a reviewer wants to see."""

from __future__ import annotations

import time
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from atelier.datasets.catalogue import Catalogue
from atelier.families import outfit
from atelier.families.outfit.inference import KNOWN, MODEL_FILE, PIECES, QUERY, OutfitContract, load_model
from atelier.jobs.outfit.champion import FAMILY, champion_embedder
from atelier.jobs.outfit.examine import OutfitExam, examine, run_exam
from atelier.jobs.outfit.sheet import blanks_sheet
from atelier.jobs.outfit.train import outfit_code
from atelier.jobs.retrieval.exam import Registered, outcome_of, registered_already
from atelier.jobs.retrieval.train import TrainOutcome, current_version, kept_names, read_weights, run_key
from atelier.registry.cards import CardFacts, about_family, model_card
from atelier.registry.signature import Signature, TensorSpec
from atelier.registry.store import Registry, open_registry
from atelier.settings import Settings
from atelier.vocabulary import Split

RESULTS_FILE = "results.json"
"""Where an examination keeps its answers for the gate."""


def register_outfits(
    settings: Settings, preset: str, student: TrainOutcome, teacher: TrainOutcome, *, progress: bool = True
) -> Registered:
    """Examine student and teacher on the held-out sets and register the student as the candidate.

    Found registered already: nothing is done. DigestError: weights have changed since they were trained.
    """
    start = time.perf_counter()
    version = current_version(settings)
    registry = open_registry(settings)
    key = run_key("outfit-examination", version, student.key, code=outfit_code())
    known = registered_already(registry, FAMILY, key, start)
    if known is not None:
        return known
    tags = {"data_version": version, "preset": preset, "student": student.run_id, "teacher": teacher.run_id}
    catalogue = Catalogue.open(settings.data_dir)
    with (
        TemporaryDirectory() as temporary,
        champion_embedder(settings, catalogue) as eyes,
        registry.start_run(f"outfit-examination-{preset}", key, tags, family=FAMILY) as run,
    ):
        master = load_model(_files_of(registry, teacher, Path(temporary) / "teacher"))
        folder = _files_of(registry, student, Path(temporary) / "student")
        model = load_model(folder)
        assert model.contract.facts == master.contract.facts, "both were trained on one data version"
        taught = examine(settings, catalogue, eyes, master, version, progress=progress)
        own_eyes = eyes.with_image_tower(folder)
        if own_eyes is eyes:
            exam = run_exam(taught.material, model, taught.asked)
        else:
            exam = examine(settings, catalogue, own_eyes, model, version, progress=progress)
        metrics = {f"test/{name}": value for name, value in exam.metrics.items()}
        metrics |= {f"teacher/{name}": value for name, value in taught.metrics.items()}
        run.metrics(metrics, 0)
        run.json(RESULTS_FILE, exam.marks())
        sheet = blanks_sheet(exam, catalogue)
        if sheet is not None:
            run.figure("blanks", sheet)
        made = registry.register(
            FAMILY,
            folder,
            run.ref,
            signature=_signature(model.contract),
            input_example=_example(model.contract),
            card=model_card(_facts(preset, version, exam, metrics)),
            tags=tags,
            served=MODEL_FILE,
        )
    return outcome_of(made, run.run_id, False, metrics, start)


def _files_of(registry: Registry, outcome: TrainOutcome, folder: Path) -> Path:
    """A run's files, copied into a new folder."""
    folder.mkdir()
    read_weights(registry, outcome, kept_names(registry, outcome), folder)
    return folder


def _facts(preset: str, data_version: str, exam: OutfitExam, metrics: Mapping[str, float]) -> CardFacts:
    about = about_family((resources.files(outfit) / "CARD.md").read_text(encoding="utf-8"))
    return CardFacts(
        name=FAMILY,
        summary=about[""],
        intended_use=about["Intended use"],
        limits=[line.removeprefix("- ") for line in about["Limits"].splitlines()],
        preset=preset,
        data_version=data_version,
        splits={
            str(split): {source.name: len(source.rows[split]) for source in exam.material.sources}
            for split in Split
        },
        metrics=metrics,
    )


def _signature(contract: OutfitContract) -> Signature:
    return Signature(
        inputs=(
            TensorSpec(PIECES, "float32", (-1, -1, contract.dimension)),
            TensorSpec(KNOWN, "int64", (-1, -1)),
        ),
        outputs=(TensorSpec(QUERY, "float32", (-1, contract.dimension)),),
    )


def _example(contract: OutfitContract) -> dict[str, np.ndarray]:
    """Two sets of two pieces that are nothing in particular."""
    pieces = np.full((2, 2, contract.dimension), contract.dimension**-0.5, np.float32)
    return {PIECES: pieces, KNOWN: np.ones((2, 2), np.int64)}
