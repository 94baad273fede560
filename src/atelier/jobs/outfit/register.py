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
from atelier.families.outfit.export import FILES
from atelier.families.outfit.inference import KNOWN, MODEL_FILE, PIECES, QUERY, OutfitContract, load_model
from atelier.jobs.outfit.champion import FAMILY, champion_eyes
from atelier.jobs.outfit.examine import OutfitExam, examine
from atelier.jobs.outfit.sheet import blanks_sheet
from atelier.jobs.outfit.train import outfit_code
from atelier.jobs.register import Registered, outcome_of, version_of
from atelier.jobs.train import TrainOutcome, current_version, read_weights, run_key
from atelier.registry.cards import CardFacts, about_family, model_card
from atelier.registry.signature import Signature, TensorSpec
from atelier.registry.store import open_registry
from atelier.settings import Settings
from atelier.vocabulary import Split

MARKS_FILE = "marks.json"
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
    found = registry.find_run(key)
    known = version_of(registry, FAMILY, found.run_id) if found else None
    if found is not None and known is not None:
        metrics = {name: value for name, value in found.metrics.items() if not name.startswith("system/")}
        return outcome_of(known, found.run_id, True, metrics, start)
    tags = {"data_version": version, "preset": preset, "student": student.run_id, "teacher": teacher.run_id}
    catalogue = Catalogue.open(settings.data_dir)
    with (
        TemporaryDirectory() as temporary,
        champion_eyes(settings, catalogue) as eyes,
        registry.start_run(f"outfit-examination-{preset}", key, tags, family=FAMILY) as run,
    ):
        exams: dict[str, OutfitExam] = {}
        for role, outcome in (("teacher", teacher), ("student", student)):
            folder = Path(temporary) / role
            folder.mkdir()
            read_weights(registry, outcome, FILES, folder)
            model = load_model(folder)
            exams[role] = examine(settings, catalogue, eyes, model, version, progress=progress)
        exam = exams["student"]
        metrics = {f"test/{name}": value for name, value in exam.metrics.items()}
        metrics |= {f"teacher/{name}": value for name, value in exams["teacher"].metrics.items()}
        run.metrics(metrics, 0)
        run.json(MARKS_FILE, exam.marks())
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
