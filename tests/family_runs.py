"""A family's way from data to verdict, in one call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from atelier.lifecycle.context import open_context
from atelier.lifecycle.family import Family, TrainOutcome
from atelier.lifecycle.gate import GateOutcome, gate
from atelier.lifecycle.register import Registered, register
from atelier.lifecycle.runs import train_family
from atelier.settings import Settings


@dataclass(frozen=True)
class Judged:
    """A family that was trained, examined and judged."""

    runs: dict[str, TrainOutcome]
    candidate: Registered
    verdict: GateOutcome


def train_and_judge(settings: Settings, family: Family[Any], preset: str = "debug") -> Judged:
    """Train every stage, register the candidate and let the gate decide."""
    runs = train_family(settings, family, preset, progress=False)
    candidate = register(settings, family, preset, runs, progress=False)
    return Judged(runs, candidate, gate(settings, family, preset, candidate, progress=False))


def why_unavailable(settings: Settings, family: Family[Any], preset: str = "debug") -> str | None:
    with open_context(settings, family.preset(preset), progress=False) as context:
        return family.why_unavailable(context)
