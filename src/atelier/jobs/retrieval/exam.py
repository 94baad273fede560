"""Examines a trained student and makes it a version of the model, with all that a reviewer wants to see."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from atelier.families import retrieval
from atelier.families.retrieval.inference import INPUT, OUTPUTS, EmbeddingContract, Encoder, crop, prepare
from atelier.families.retrieval.metrics import per_category
from atelier.jobs.detection.champion import champion_detector
from atelier.jobs.retrieval.compatibility import Compatibility, keep_space
from atelier.jobs.retrieval.held_out import Answers, Exam, load_exam, paired_results, run_exam
from atelier.jobs.retrieval.quantize import serve_in_eight_bits
from atelier.jobs.retrieval.scoring import View, best_views, milliseconds_per_picture
from atelier.jobs.retrieval.train import TrainOutcome, current_version, read_weights, run_key
from atelier.jobs.retrieval.validation_probe import Trial
from atelier.pictures import decode
from atelier.registry.cards import CardFacts, about_family, model_card
from atelier.registry.models import ModelVersion
from atelier.registry.plots import Answer, QueryRow, confusion_matrix, query_gallery, worst_categories
from atelier.registry.runs import RunTracker
from atelier.registry.signature import Signature, TensorSpec
from atelier.registry.store import Registry, open_registry
from atelier.settings import Settings
from atelier.vocabulary import Split

MODEL = "retrieval"
"""Name of the registered model."""
RESULTS_FILE = "results.json"
"""Where an examination keeps its answers for the gate."""
STUDENT_FILES = ("student.safetensors", "student.onnx", "text.onnx", "network.json", "contract.json")
TEACHER_FILES = ("teacher.onnx", "contract.json")
_GALLERY_ROWS, _GALLERY_COLUMNS = 8, 5
"""Queries in a reviewer's picture, and answers to each."""
EXAM_FORMAT = 2
"""Raise it when the examination asks otherwise: students are then examined anew."""
_LICENCES = {
    "atelier-drop": "as its supplier states",
    "clothing-co-parsing": "Apache-2.0",
    "clothing-dataset": "CC0",
    "fashion-product-images": "none stated by the source",
}


@dataclass(frozen=True)
class Registered:
    """A version of the model in the registry, examined."""

    model_version: int
    run_id: str
    """The run of the examination: metrics and pictures."""
    digest: str
    """Of the version's files."""
    reused: bool
    metrics: dict[str, float]
    seconds: float


def register(
    settings: Settings, preset: str, student: TrainOutcome, teacher: TrainOutcome, *, progress: bool = True
) -> Registered:
    """Examine student and teacher on the held-out part and register the student as the candidate.

    The student becomes its int8 form first where that loses nothing on validation and is faster here.
    Found registered already: nothing is done. DigestError: weights have changed since they were trained.
    """
    start = time.perf_counter()
    version = current_version(settings)
    registry = open_registry(settings)
    detector = champion_detector(settings)
    key = run_key(
        f"examination {EXAM_FORMAT}", version, student.key, detector.contract.digest if detector else None
    )
    known = registered_already(registry, MODEL, key, start)
    if known is not None:
        return known
    tags = {"data_version": version, "preset": preset, "student": student.run_id, "teacher": teacher.run_id}
    with TemporaryDirectory() as folder, registry.start_run(f"examination-{preset}", key, tags) as run:
        student_dir, teacher_dir = Path(folder) / "student", Path(folder) / "teacher"
        student_dir.mkdir()
        read_weights(registry, student, STUDENT_FILES, student_dir)
        trial = Trial.load(settings, version)
        eight_bits = serve_in_eight_bits(trial, student_dir, progress)
        compatible = _with_champion(settings, registry, trial, student_dir, Path(folder), progress)
        student_encoder = encoder_in(student_dir, threads=settings.serve_threads)
        teacher_dir.mkdir()
        read_weights(registry, teacher, TEACHER_FILES, teacher_dir)
        teacher_encoder = encoder_in(teacher_dir, "teacher", settings.serve_threads)
        exam = load_exam(settings, version, detector)
        answers, teacher_answers = (
            run_exam(exam, student_encoder, progress),
            run_exam(exam, teacher_encoder, progress, only_best=True),
        )
        metrics = {f"test/{name}": value for name, value in answers.metrics.items()}
        metrics |= {f"teacher/{name}": value for name, value in teacher_answers.metrics.items()}
        metrics |= _distillation(student_dir, teacher_dir, answers, teacher_answers) | eight_bits.metrics()
        metrics |= compatible.metrics() if compatible else {}
        across_Q = trial.hits(student_encoder, trial.gallery(teacher_encoder, progress), progress)
        metrics["compatibility/teachers_gallery_recall_at_1"] = (
            float(across_Q.mean()) if len(across_Q) else 0.0
        )
        run.metrics(metrics, 0)
        run.json(RESULTS_FILE, paired_results(exam, answers))
        _show(run, exam, answers)
        made = registry.register(
            MODEL,
            student_dir,
            run.ref,
            signature=_signature(student_encoder.contract),
            input_example={INPUT: _example(exam, student_encoder.contract)},
            card=model_card(_facts(preset, version, exam, answers, metrics)),
            tags=tags,
        )
    return outcome_of(made, run.run_id, False, metrics, start)


def _with_champion(
    settings: Settings, registry: Registry, trial: Trial, student_dir: Path, folder: Path, progress: bool
) -> Compatibility | None:
    """Let the student keep the champion's space, if it can; None without a champion."""
    champion = registry.version(MODEL, "champion")
    if champion is None:
        return None
    champion_dir = registry.fetch(champion, folder / "champion")
    return keep_space(settings, champion_dir, trial, student_dir, progress)


def encoder_in(folder: Path, name: str = "student", threads: int = 2) -> Encoder:
    """The encoder among a version's or a run's files. DigestError, EmbeddingContractError: see `Encoder`."""
    contract = EmbeddingContract.from_json((folder / "contract.json").read_bytes())
    return Encoder(folder / f"{name}.onnx", contract, threads)


def _distillation(
    student_dir: Path, teacher_dir: Path, own: Answers, teacher_answers: Answers
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


def _show(run: RunTracker, exam: Exam, answers: Answers) -> None:
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


def _facts(
    preset: str, data_version: str, exam: Exam, answers: Answers, metrics: Mapping[str, float]
) -> CardFacts:
    """What the model card tells: the family's own words, and what was measured."""
    about = about_family((resources.files(retrieval) / "CARD.md").read_text(encoding="utf-8"))
    photos = exam.catalogue.photos()
    hits = np.concatenate([view.rank_Q < 1 for view in best_views(answers.views)] or [np.zeros(0, bool)])
    queries = [query for view in best_views(answers.views) for query in view.queries]
    return CardFacts(
        name=MODEL,
        summary=about[""],
        intended_use=about["Intended use"],
        limits=[line.removeprefix("- ") for line in about["Limits"].splitlines()],
        preset=preset,
        data_version=data_version,
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
        metrics=metrics,
        categories=per_category(hits, [exam.item_of[query.item_id].category for query in queries]),
        cost={
            "CPU time for a picture": f"{metrics['distillation/student_ms']:.2f} ms",
            "the teacher's": f"{metrics['distillation/teacher_ms']:.2f} ms",
        },
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


def registered_already(registry: Registry, model: str, key: str, start: float) -> Registered | None:
    """What the examination under `key` registered as a version of a model; None where there was none.

    `start` is on the clock of `time.perf_counter`.
    """
    found = registry.find_run(key)
    known = version_of(registry, model, found.run_id) if found else None
    if found is None or known is None:
        return None
    metrics = {name: value for name, value in found.metrics.items() if not name.startswith("system/")}
    return outcome_of(known, found.run_id, True, metrics, start)


def version_of(registry: Registry, model: str, run_id: str) -> ModelVersion | None:
    """The version of a model that an examination's run registered; None where it registered none."""
    return next((version for version in registry.versions(model) if version.run_id == run_id), None)


def outcome_of(
    version: ModelVersion, run_id: str, reused: bool, metrics: dict[str, float], start: float
) -> Registered:
    """What an examination came to; `start` is on the clock of `time.perf_counter`."""
    return Registered(
        version.version, run_id, version.files_digest, reused, metrics, time.perf_counter() - start
    )
