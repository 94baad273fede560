"""Lets the candidate take the champion's place, or not: on evidence, in writing."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from atelier.errors import RegistryError
from atelier.families.retrieval.inference import Encoder
from atelier.families.retrieval.training import preset_named
from atelier.jobs.retrieval.exam import MODEL, RESULTS_FILE, Registered, encoder_in
from atelier.jobs.retrieval.held_out import load_exam, paired_results, run_exam
from atelier.jobs.retrieval.relevance import compared_in_words, load_collection
from atelier.jobs.retrieval.scoring import milliseconds_per_picture
from atelier.jobs.retrieval.train import current_version, run_key
from atelier.jobs.retrieval.verdict import GateRules, Scores, Verdict, decide
from atelier.registry.models import ModelVersion
from atelier.registry.plots import gate_interval
from atelier.registry.store import Registry, open_registry
from atelier.settings import Settings


@dataclass(frozen=True)
class GateOutcome:
    """What the gate decided about a version."""

    promoted: bool
    """Whether the version is the champion now."""
    reason: str
    run_id: str | None
    """The run with the report; None where the version had been the champion before."""
    reused: bool
    champion: int
    """Version that is the champion now."""
    difference: float | None
    """Challenger's recall_at_1 minus the champion's; None without a champion to compare with."""
    low: float | None
    high: float | None
    seconds: float


def gate(settings: Settings, preset: str, registered: Registered, *, progress: bool = True) -> GateOutcome:
    """Examine champion and challenger on the same searches and move the alias `champion` if evidence says so.

    The report lies in a run of its own and as tags of the version. A pair that was judged on this data is not
    judged again. RegistryError: the first version of all does not clear the preset's floors.
    """
    start = time.perf_counter()
    registry = open_registry(settings)
    champion = registry.version(MODEL, "champion")
    challenger = registry.version(MODEL, registered.model_version)
    assert challenger is not None, "a registered version exists"
    if champion is not None and champion.version == challenger.version:
        reason = "this version is the champion already"
        return GateOutcome(
            True, reason, None, True, champion.version, None, None, None, time.perf_counter() - start
        )
    data_version = current_version(settings)
    key = run_key("gate", data_version, challenger.files_digest, champion.files_digest if champion else None)
    found = registry.find_run(key)
    if found is not None:
        verdict = Verdict.from_json(registry.read(found.run_id, "gate/verdict.json").decode())
        run_id = found.run_id
    else:
        tags = {"data_version": data_version, "preset": preset, "challenger": str(challenger.version)}
        with registry.start_run(f"gate-version-{challenger.version}", key, tags) as run:
            verdict, as_judged = _judge(settings, registry, preset, challenger, champion, progress)
            report = verdict.to_markdown() + as_judged
            run.text("gate/report.md", report)
            run.text("gate/verdict.json", verdict.to_json())
            if verdict.difference is not None:
                run.figure("gate_interval", gate_interval(verdict))
            run.describe(report)
            run.tag(verdict="promoted" if verdict.promote else "held")
            run_id = run.run_id
    registry.tag_version(
        challenger, {"verdict": "promoted" if verdict.promote else "held", "gate_run": run_id}
    )
    if verdict.promote:
        champion = registry.set_alias(MODEL, "champion", challenger.version)
    if champion is None:
        raise RegistryError(
            f"{MODEL} version {challenger.version} is not good enough to be the first champion: "
            f"{verdict.reason}. See the report of run {run_id} in the MLflow UI; "
            f"more data, or a larger preset, helps"
        )
    return GateOutcome(
        verdict.promote,
        verdict.reason,
        run_id,
        found is not None,
        champion.version,
        verdict.difference,
        verdict.low,
        verdict.high,
        time.perf_counter() - start,
    )


def _judge(
    settings: Settings,
    registry: Registry,
    preset: str,
    challenger: ModelVersion,
    champion: ModelVersion | None,
    progress: bool,
) -> tuple[Verdict, str]:
    """Both versions are judged by the same exam and timed in turns.

    Returns also what people's judgments say of both, for the report; '' where there are none.
    """
    versions = [challenger] if champion is None else [challenger, champion]
    with TemporaryDirectory() as folder:
        encoders = [
            encoder_in(registry.fetch(version, Path(folder) / str(version.version)), threads=1)
            for version in versions
        ]
        times = milliseconds_per_picture(encoders)
        marks = [
            _marks(settings, registry, version, encoder, progress)
            for version, encoder in zip(versions, encoders, strict=True)
        ]
    scores = [_scores(*each) for each in zip(versions, marks, times, strict=True)]
    rules = GateRules(floor_recall_at_1=preset_named(preset).min_recall_at_1)
    if champion is None:
        return decide(scores[0], None, rules), ""
    as_judged = compared_in_words(
        load_collection(settings), champion=marks[1].get("judged", {}), challenger=marks[0].get("judged", {})
    )
    return decide(scores[0], scores[1], rules), as_judged


def _marks(
    settings: Settings, registry: Registry, version: ModelVersion, encoder: Encoder, progress: bool
) -> dict[str, Any]:
    """A version's marks on the current data: its examination's, or new ones where the data has changed."""
    data_version = current_version(settings)
    if version.tags.get("data_version") == data_version:
        marks: dict[str, Any] = json.loads(registry.read(version.run_id, RESULTS_FILE))
        return marks
    exam = load_exam(settings, data_version)
    return paired_results(exam, run_exam(exam, encoder, progress))


def _scores(version: ModelVersion, marks: dict[str, Any], times: list[float]) -> Scores:
    return Scores(
        model=f"{version.name} version {version.version}",
        query_ids=marks["query_ids"],
        item_ids=marks["item_ids"],
        categories=marks["categories"],
        correct=np.asarray(marks["correct"], bool),
        category_accuracy=marks["category_accuracy"],
        milliseconds_per_picture=times,
    )
