"""Examines trained outfit networks: blanks in held-out sets, real sets against random ones."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from atelier.families.outfit.config import OutfitPreset
from atelier.families.outfit.inference import KNOWN, MODEL_FILE, PIECES, QUERY, OutfitContract, load_model
from atelier.jobs.outfit.examine import OutfitExam, ask, run_exam
from atelier.jobs.outfit.sheet import blanks_sheet
from atelier.jobs.retrieval.embedder import catalogue_embedder
from atelier.lifecycle.context import Context
from atelier.lifecycle.family import Examination, Outcomes, TrainOutcome
from atelier.registry.runs import RunTracker
from atelier.registry.signature import Signature, TensorSpec
from atelier.vocabulary import Split


def examine(context: Context[OutfitPreset], outcomes: Outcomes, weights: Mapping[str, Path]) -> Examination:
    """Examine student and teacher on the held-out sets; the better one is to be served."""
    embedder = context.once(catalogue_embedder)
    files = weights[better_of(outcomes)]
    teacher, student = load_model(weights["teacher"]), load_model(files)
    assert student.contract.facts == teacher.contract.facts, "both were trained on one data version"
    teacher_exam = ask(context, embedder, teacher)
    own_embedder = embedder.with_image_tower(files)
    if own_embedder is embedder:
        exam = run_exam(teacher_exam.material, student, teacher_exam.asked)
    else:
        exam = ask(context, own_embedder, student)
    metrics = {f"test/{name}": value for name, value in exam.metrics.items()}
    metrics |= {f"teacher/{name}": value for name, value in teacher_exam.metrics.items()}

    def show(run: RunTracker) -> None:
        sheet = blanks_sheet(exam, embedder.catalogue)
        if sheet is not None:
            run.figure("blanks", sheet)

    return Examination(
        files=files,
        served=MODEL_FILE,
        signature=_signature(student.contract),
        example=_example(student.contract),
        metrics=metrics,
        results=exam.as_results(),
        splits=_sets_of(exam),
        show=show,
    )


def reexamine(context: Context[OutfitPreset], files: Path) -> Any:
    """Answer the current questions with an earlier model; None where it cannot embed the current items."""
    embedder, model = context.once(catalogue_embedder), load_model(files)
    if model.contract.space != embedder.contract.digest:
        return None
    return ask(context, embedder.with_image_tower(files), model).as_results()


def better_of(outcomes: Outcomes) -> str:
    """Choose the student that fills more blanks of the validation split, with or without end-to-end
    training.
    """
    if "end_to_end" not in outcomes:
        return "student"
    return max(("student", "end_to_end"), key=lambda role: _blanks_filled(outcomes[role]))


def _blanks_filled(outcome: TrainOutcome) -> float:
    """Compute the mean over the sources of sets."""
    blanks = [
        value
        for name, value in outcome.metrics.items()
        if name.startswith("validation/") and name.endswith("/fill_in_the_blank")
    ]
    return float(np.mean(blanks)) if blanks else 0.0


def _sets_of(exam: OutfitExam) -> dict[str, dict[str, int]]:
    return {
        str(split): {source.name: len(source.rows[split]) for source in exam.material.sources}
        for split in Split
    }


def _signature(contract: OutfitContract) -> Signature:
    return Signature(
        inputs=(
            TensorSpec(PIECES, "float32", (-1, -1, contract.dimension)),
            TensorSpec(KNOWN, "int64", (-1, -1)),
        ),
        outputs=(TensorSpec(QUERY, "float32", (-1, contract.dimension)),),
    )


def _example(contract: OutfitContract) -> dict[str, np.ndarray]:
    """Make two arbitrary sets of two pieces."""
    pieces = np.full((2, 2, contract.dimension), contract.dimension**-0.5, np.float32)
    return {PIECES: pieces, KNOWN: np.ones((2, 2), np.int64)}
