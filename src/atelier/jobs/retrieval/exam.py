"""Examines a trained student beside its teacher: searches for products that training never saw."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from atelier.families.retrieval.config import RetrievalPreset
from atelier.families.retrieval.inference import (
    INPUT,
    MODEL_FILE,
    OUTPUTS,
    EmbeddingContract,
    crop,
    prepare,
)
from atelier.families.retrieval.metrics import per_category
from atelier.jobs.detection.champion import champion_detector
from atelier.jobs.retrieval.champion import FAMILY, encoder_in
from atelier.jobs.retrieval.compatibility import Compatibility, keep_space
from atelier.jobs.retrieval.held_out import Exam, RetrievalAnswers, load_exam, paired_results, run_exam
from atelier.jobs.retrieval.quantize import serve_in_eight_bits
from atelier.jobs.retrieval.scoring import View, best_views, milliseconds_per_picture
from atelier.jobs.retrieval.validation_probe import ValidationProbe
from atelier.lifecycle.context import Context
from atelier.lifecycle.family import Examination, Outcomes
from atelier.pictures import decode
from atelier.registry.plots import Answer, QueryRow, confusion_matrix, query_gallery, worst_categories
from atelier.registry.runs import RunTracker
from atelier.registry.signature import Signature, TensorSpec
from atelier.vocabulary import Split

_GALLERY_ROWS, _GALLERY_COLUMNS = 8, 5
"""Queries in a reviewer's picture, and answers to each."""
_LICENCES = {
    "atelier-drop": "as its supplier states",
    "clothing-co-parsing": "Apache-2.0",
    "clothing-dataset": "CC0",
    "fashion-product-images": "none stated by the source",
}


def examine(
    context: Context[RetrievalPreset], outcomes: Outcomes, weights: Mapping[str, Path]
) -> Examination:
    """Examine student and teacher on the held-out part; the student is to be served.

    The student becomes its int8 form first where that loses nothing on validation and is faster here.
    """
    del outcomes  # their files say it all
    settings, progress = context.settings, context.progress
    student_dir, teacher_dir = weights["student"], weights["teacher"]
    probe = ValidationProbe.load(settings, context.data_version)
    eight_bits = serve_in_eight_bits(probe, student_dir, progress)
    compatible = _with_champion(context, probe, student_dir)
    student = encoder_in(student_dir, threads=settings.serve_threads)
    teacher = encoder_in(teacher_dir, "teacher", settings.serve_threads)
    exam = load_exam(settings, context.data_version, context.once(champion_detector))
    answers = run_exam(exam, student, progress)
    teacher_answers = run_exam(exam, teacher, progress, only_best=True)
    metrics = {f"test/{name}": value for name, value in answers.metrics.items()}
    metrics |= {f"teacher/{name}": value for name, value in teacher_answers.metrics.items()}
    metrics |= _distillation(student_dir, teacher_dir, answers, teacher_answers) | eight_bits.metrics()
    metrics |= compatible.metrics() if compatible else {}
    across_Q = probe.hits(student, probe.gallery(teacher, progress), progress)
    metrics["compatibility/teachers_gallery_recall_at_1"] = float(across_Q.mean()) if len(across_Q) else 0.0
    return _examination(student_dir, student.contract, exam, answers, metrics)


def examined_with(context: Context[RetrievalPreset]) -> list[str]:
    """Return the digest of the detector that finds the item of searches without a box."""
    detector = context.once(champion_detector)
    return [] if detector is None else [detector.contract.digest]


def reexamine(context: Context[RetrievalPreset], files: Path) -> dict[str, Any]:
    """Run the current searches with an earlier version."""
    exam = load_exam(context.settings, context.data_version, context.once(champion_detector))
    return paired_results(exam, run_exam(exam, encoder_in(files, threads=1), context.progress))


def _with_champion(
    context: Context[RetrievalPreset], probe: ValidationProbe, student_dir: Path
) -> Compatibility | None:
    """Let the student keep the champion's space, if it can; None without a champion."""
    champion = context.champion(FAMILY)
    if champion is None:
        return None
    return keep_space(context.settings, champion.folder, probe, student_dir, context.progress)


def _distillation(
    student_dir: Path, teacher_dir: Path, own: RetrievalAnswers, teacher_answers: RetrievalAnswers
) -> dict[str, float]:
    """What the student keeps of the teacher, and at which share of its CPU time, one thread, one picture.

    Times are the best round's: what else happens on the machine only ever adds to them.
    """
    encoders = [encoder_in(student_dir, threads=1), encoder_in(teacher_dir, "teacher", threads=1)]
    student_ms, teacher_ms = map(min, milliseconds_per_picture(encoders))
    return {
        "distillation/recall_kept": own.metrics["recall_at_1"]
        / max(teacher_answers.metrics["recall_at_1"], 1e-9),
        "distillation/cost_share": student_ms / teacher_ms,
        "distillation/student_ms": student_ms,
        "distillation/teacher_ms": teacher_ms,
    }


def _show(run: RunTracker, exam: Exam, answers: RetrievalAnswers) -> None:
    """The pictures and tables of the examination."""
    true = [item.category for item in exam.held_out_items]
    labels = sorted({*true, *answers.recognised})
    number = {label: index for index, label in enumerate(labels)}
    run.figure(
        "confusion_matrix",
        confusion_matrix(
            np.asarray([number[label] for label in true]),
            np.asarray([number[label] for label in answers.recognised]),
            labels,
        ),
    )
    for view in best_views(answers.views):
        categories = [exam.item_of[query.item_id].category for query in view.queries]
        recall = per_category(view.rank_Q < 1, categories)
        name = view.name.replace("/", "_")
        run.figure(f"worst_categories_{name}", worst_categories(recall))
        run.table(
            f"recall_by_category_{name}",
            [{"category": c, "recall_at_1": share, "queries": num} for c, (share, num) in recall.items()],
        )
        run.figure(f"queries_{name}", query_gallery(_rows(exam, view), f"{view.name}: queries and answers"))


def _rows(exam: Exam, view: View) -> list[QueryRow]:
    """Some queries, evenly spread, as a reviewer sees them."""
    rows = []
    for index in np.linspace(0, len(view.queries) - 1, min(_GALLERY_ROWS, len(view.queries))).astype(int):
        query = view.queries[index]
        boxed = view.name.endswith("/boxed")
        answers = []
        for place, row in enumerate(view.top_QK[index, :_GALLERY_COLUMNS]):
            item = exam.items[row]
            right = _same_product(exam, query.item_id, item.item_id)
            picture = decode(exam.catalogue.read(exam.photos[row]))
            answers.append(Answer(picture, item.item_id, float(view.similarity_QK[index, place]), right))
        picture = crop(query.pixels(), query.box if boxed else None)
        rows.append(QueryRow(picture, query.item_id, answers, view.name))
    return rows


def _same_product(exam: Exam, first: str, second: str) -> bool:
    group = exam.item_of[first].duplicate_group
    return first == second or (group is not None and group == exam.item_of[second].duplicate_group)


def _examination(
    student_dir: Path,
    contract: EmbeddingContract,
    exam: Exam,
    answers: RetrievalAnswers,
    metrics: Mapping[str, float],
) -> Examination:
    photos = exam.catalogue.photos()
    hits = np.concatenate([view.rank_Q < 1 for view in best_views(answers.views)] or [np.zeros(0, bool)])
    queries = [query for view in best_views(answers.views) for query in view.queries]
    return Examination(
        files=student_dir,
        served=MODEL_FILE,
        signature=_signature(contract),
        example={INPUT: _example(exam, contract)},
        metrics=metrics,
        results=paired_results(exam, answers),
        splits={
            str(split): {
                "items": sum(item.split == split for item in exam.items),
                "photos": sum(photo.split == split for photo in photos),
            }
            for split in Split
        },
        licences={
            source: _LICENCES.get(source, "not known here") for source in sorted({p.source for p in photos})
        },
        categories=per_category(hits, [exam.item_of[query.item_id].category for query in queries]),
        cost={
            "CPU time for a picture": f"{metrics['distillation/student_ms']:.2f} ms",
            "the teacher's": f"{metrics['distillation/teacher_ms']:.2f} ms",
        },
        show=lambda run: _show(run, exam, answers),
    )


def _signature(contract: EmbeddingContract) -> Signature:
    S = contract.image_size
    sizes = (
        *(contract.dimension, contract.relevance_dimension),
        *(len(contract.categories), len(contract.labels)),
    )
    return Signature(
        inputs=(TensorSpec(INPUT, "float32", (-1, 3, S, S)),),
        outputs=tuple(
            TensorSpec(name, "float32", (-1, size)) for name, size in zip(OUTPUTS, sizes, strict=True)
        ),
    )


def _example(exam: Exam, contract: EmbeddingContract) -> NDArray[np.float32]:
    """A catalogue photo as the network wants it: float32 [1, 3, S, S]."""
    return prepare(crop(decode(exam.catalogue.read(exam.photos[0]))), contract.image_size)[None]
