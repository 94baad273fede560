"""Trains a family on the accepted data: stages, examination, candidate, gate."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prefect import flow

from atelier.errors import TooLittleDataError
from atelier.jobs.families import FAMILIES
from atelier.lifecycle.adopt import adopt
from atelier.lifecycle.context import open_context
from atelier.lifecycle.family import Family, TrainOutcome, family_named
from atelier.lifecycle.gate import GateOutcome, gate
from atelier.lifecycle.register import Registered, register
from atelier.lifecycle.runs import train_stage
from atelier.settings import Settings
from flows.steps import step


@dataclass(frozen=True)
class TrainedFamily:
    """The outcome of training one family."""

    family: str
    preset: str
    skipped: str | None = None
    """Why nothing was trained: the data cannot teach it. The rest is empty then."""
    runs: dict[str, TrainOutcome] = field(default_factory=dict)
    """Role -> run, in the order of training."""
    candidate: Registered | None = None
    verdict: GateOutcome | None = None

    @property
    def has_trained(self) -> bool:
        """True where a network was trained; False where all were found finished."""
        return any(not run.reused for run in self.runs.values())


@flow(name="train-family", persist_result=False)
def train_family(family: str, preset: str) -> TrainedFamily:
    """Train, examine and gate a family on the current data version."""
    settings, chosen = Settings(), family_named(FAMILIES, family)
    skipped = why_skipped(settings, chosen, preset)
    if skipped is not None:
        return TrainedFamily(family, preset, skipped)
    runs: dict[str, TrainOutcome] = {}
    for stage in chosen.stages(chosen.preset(preset)):
        # A training that is tried again resumes from its last checkpoint: one more try is enough.
        train = step(f"train {family} {stage.role}", minutes=8 * 60, retries=1)(train_stage)
        try:
            runs[stage.role] = train(settings, chosen, preset, stage.role, dict(runs))
        except TooLittleDataError as error:
            return TrainedFamily(family, preset, str(error), runs)
    return _judged(settings, chosen, preset, runs)


@flow(name="adopt-family", persist_result=False)
def adopt_family(family: str, trained_dir: Path, digest: str | None) -> TrainedFamily:
    """Register a model that was trained elsewhere, and gate it as any other."""
    settings, chosen = Settings(), family_named(FAMILIES, family)
    adopted = step(f"adopt {family}", minutes=60)(adopt)(settings, chosen, trained_dir, digest)
    return _judged(settings, chosen, adopted.preset, adopted.runs)


def why_skipped(settings: Settings, family: Family[Any], preset: str) -> str | None:
    """Return why a family cannot be trained on the current data; None where it can."""
    with open_context(settings, family.preset(preset)) as context:
        return family.why_unavailable(context)


def _judged(
    settings: Settings, family: Family[Any], preset: str, runs: dict[str, TrainOutcome]
) -> TrainedFamily:
    candidate = step(f"register {family.name}", minutes=60)(register)(settings, family, preset, runs)
    verdict = step(f"gate {family.name}", minutes=60)(gate)(settings, family, preset, candidate)
    return TrainedFamily(family.name, preset, None, runs, candidate, verdict)
