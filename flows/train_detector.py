"""From the accepted data to a judged detector: trained, candidate, verdict."""

from __future__ import annotations

from dataclasses import dataclass

from prefect import flow

from atelier.jobs.detection.exam import register_detector
from atelier.jobs.detection.gate import gate_detector
from atelier.jobs.detection.train import train_detector
from atelier.jobs.retrieval.exam import Registered
from atelier.jobs.retrieval.train import TrainOutcome
from atelier.lifecycle.gate import GateVerdict
from atelier.settings import Settings
from flows.steps import step


@dataclass(frozen=True)
class TrainedDetector:
    """What the training of the detector came to."""

    trained: TrainOutcome
    candidate: Registered
    verdict: GateVerdict


@flow(name="train-detector", persist_result=False)
def train_the_detector(preset: str) -> TrainedDetector:
    """Trains, examines and judges the detector that belongs to a preset, on the current data version."""
    settings = Settings()
    trained = train_step(settings, preset)
    candidate = register_step(settings, preset, trained)
    return TrainedDetector(trained, candidate, gate_step(settings, preset, candidate))


train_step = step("train the detector", minutes=8 * 60, retries=1)(train_detector)
register_step = step("register the detector", minutes=60)(register_detector)
gate_step = step("gate the detector", minutes=60)(gate_detector)
