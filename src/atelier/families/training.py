"""Describes one training run, and the stages in which a family trains.

Each family lists its stages in `PLAN` of `families/<name>/presets.py`. A stage is built from material that
somebody else has read, so that a machine with the training libraries alone can run it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast

import torch

from atelier import families
from atelier.errors import TrainingError
from atelier.families import known_families
from atelier.families.schedule import Schedule


class Examples(Protocol):
    """Training examples that can be counted and read in batches."""

    def __len__(self) -> int: ...

    def __getitems__(self, rows: list[int]) -> Any:
        """The batch of some rows."""
        ...


class Task(Protocol):
    """The engine's `Task`, as far as a family knows it."""

    module: torch.nn.Module

    def prepare(self, batch: Any, generator: torch.Generator) -> Any: ...

    def loss(self, module: torch.nn.Module, batch: Any) -> Any: ...

    def evaluate(self, module: torch.nn.Module) -> dict[str, float]: ...


@dataclass(frozen=True)
class Training:
    """Everything that one training run needs."""

    task: Task
    examples: Examples
    schedule: Schedule
    write: Callable[[Path], None]
    """Writes the files of the trained network into a folder."""
    finish: Callable[[], None] = lambda: None
    """Runs after the last step, before the network is evaluated and written."""
    figures: Mapping[str, float] = field(default_factory=dict)
    """Measurements of the material, logged at step 0."""


Weights = Mapping[str, Path]
"""Role of an earlier stage -> folder with the files that its training wrote."""


@dataclass(frozen=True)
class Stage:
    """One training run of a family: a teacher, a student, a detector.

    Three callables describe it; each takes the family's preset.
    """

    role: str
    """Names the run and its folder in a pack: 'teacher'."""
    build: Callable[[Any, Any, Weights, torch.device], Training]
    """Makes the training from (material, preset, weights of the stages in `after`, device)."""
    config: Callable[[Any], Any]
    """Selects the part of a preset that this run depends on; a change of it trains anew."""
    after: tuple[str, ...] = ()
    """Roles of the earlier stages whose weights `build` reads."""
    requested: Callable[[Any], bool] = lambda _preset: True
    """Tells whether a preset asks for this stage at all."""


@dataclass(frozen=True)
class TrainingPlan:
    """Presets, stages and pack types of a family; `PLAN` of `families/<name>/presets.py`."""

    presets: Mapping[str, Callable[[], Any]]
    stages: tuple[Stage, ...]
    packable: tuple[type, ...]
    """The dataclasses and named tuples that its material consists of; a pack holds no others."""

    def preset(self, name: str) -> Any:
        """Return the preset of a name. TrainingError, naming the known ones, where there is none."""
        if name not in self.presets:
            raise TrainingError(f"there is no preset '{name}'; known presets: {', '.join(self.presets)}")
        return self.presets[name]()

    def stage(self, role: str) -> Stage:
        return next(stage for stage in self.stages if stage.role == role)

    def requested_stages(self, preset: Any) -> Sequence[Stage]:
        """List the stages that a preset asks for, in the order of training."""
        return [stage for stage in self.stages if stage.requested(preset)]


def training_plan(family: str) -> TrainingPlan:
    """Return the plan in a family's folder. TrainingError, naming the known families, where there is none."""
    if family not in known_families():
        raise TrainingError(f"there is no family '{family}'; known families: {', '.join(known_families())}")
    module = importlib.import_module(f"{families.__name__}.{family}.presets")
    return cast(TrainingPlan, module.PLAN)
