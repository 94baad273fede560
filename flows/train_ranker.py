"""From the accepted clicks to a judged ranker: trained, candidate, verdict; or why there is none."""

from __future__ import annotations

from dataclasses import dataclass

from prefect import flow

from atelier.errors import TooLittleDataError
from atelier.jobs.ranking.exam import register_ranker
from atelier.jobs.ranking.gate import gate_ranker
from atelier.jobs.ranking.train import train_ranker
from atelier.jobs.retrieval.exam import Registered
from atelier.jobs.retrieval.train import TrainOutcome
from atelier.lifecycle.gate import GateVerdict
from atelier.settings import Settings
from flows.steps import step


@dataclass(frozen=True)
class TrainedRanker:
    """What the training of the ranker came to; nothing but a reason where it was skipped."""

    trained: TrainOutcome | None = None
    candidate: Registered | None = None
    verdict: GateVerdict | None = None
    skipped: str | None = None
    """'skipped: ...' where there are too few clicks to learn from."""


@flow(name="train-ranker", persist_result=False)
def train_the_ranker(preset: str) -> TrainedRanker:
    """Trains, examines and judges the ranker of a preset, on the clicks of the current data version."""
    settings = Settings()
    try:
        trained = train_step(settings, preset)
    except TooLittleDataError as error:
        return TrainedRanker(skipped=f"skipped: {error}")
    candidate = register_step(settings, preset, trained)
    return TrainedRanker(trained, candidate, gate_step(settings, preset, candidate))


train_step = step("train the ranker", minutes=8 * 60, retries=1)(train_ranker)
register_step = step("register the ranker", minutes=60)(register_ranker)
gate_step = step("gate the ranker", minutes=60)(gate_ranker)
