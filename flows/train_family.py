"""From the accepted data to a judged model: teacher, student, candidate, verdict."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from prefect import flow

from atelier.jobs.retrieval.distill import distill
from atelier.jobs.retrieval.exam import Registered, register
from atelier.jobs.retrieval.gate import GateOutcome, gate
from atelier.jobs.retrieval.train import TrainOutcome, train
from atelier.lifecycle.adopt import adopt
from atelier.settings import Settings
from flows.steps import step


@dataclass(frozen=True)
class TrainedFamily:
    """What the training of one family came to."""

    preset: str
    teacher: TrainOutcome
    student: TrainOutcome
    candidate: Registered
    verdict: GateOutcome


@flow(name="train-family", persist_result=False)
def train_family(preset: str) -> TrainedFamily:
    """Trains, distils, examines and judges the retrieval family on the current data version."""
    settings = Settings()
    teacher = train_step(settings, preset)
    student = distill_step(settings, preset, teacher)
    candidate = register_step(settings, preset, student, teacher)
    verdict = gate_step(settings, preset, candidate)
    return TrainedFamily(preset, teacher, student, candidate, verdict)


@flow(name="adopt-family", persist_result=False)
def adopt_family(trained_dir: Path, digest: str | None) -> TrainedFamily:
    """Takes in a model that was trained elsewhere, and examines and judges it as any other."""
    settings = Settings()
    adopted = adopt_step(settings, trained_dir, digest)
    candidate = register_step(settings, adopted.preset, adopted.student, adopted.teacher)
    verdict = gate_step(settings, adopted.preset, candidate)
    return TrainedFamily(adopted.preset, adopted.teacher, adopted.student, candidate, verdict)


# A training that is tried again goes on from its last checkpoint; once is enough to get over a hiccup.
train_step = step("train the teacher", minutes=8 * 60, retries=1)(train)
distill_step = step("distil the student", minutes=8 * 60, retries=1)(distill)
adopt_step = step("adopt a model trained elsewhere", minutes=60)(adopt)
register_step = step("register the candidate", minutes=60)(register)
gate_step = step("gate", minutes=60)(gate)
