"""The value that describes a family of models; everything else here works for any of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from atelier.errors import TrainingError
from atelier.evidence import Interval
from atelier.lifecycle.context import Context
from atelier.registry.models import ModelVersion
from atelier.registry.runs import RunTracker
from atelier.registry.signature import Signature
from atelier.settings import Settings
from atelier.vocabulary import Item

if TYPE_CHECKING:
    from atelier.families.training import Stage, TrainingPlan

P = TypeVar("P")


def _show_nothing(_run: RunTracker) -> None:
    return None


@dataclass(frozen=True)
class TrainOutcome:
    """A trained network, as a finished run in the registry."""

    run_id: str
    key: str
    """Digest of all that the run depends on: data, configuration, code."""
    reused: bool
    """Whether the run was found finished, so that nothing was trained."""
    metrics: dict[str, float]
    seconds: float


Outcomes = Mapping[str, TrainOutcome]
"""Role of a stage -> what its training came to, in the order of training."""


@dataclass(frozen=True)
class Examination:
    """The results of examining trained networks, and the files of the one to serve."""

    files: Path
    """Folder of the candidate's files; all of them are registered."""
    served: str
    """Name of the ONNX file that `signature` and `example` belong to."""
    signature: Signature
    example: Mapping[str, np.ndarray]
    metrics: Mapping[str, float]
    """Measured on the held-out test part."""
    results: Any
    """Answers case by case, as JSON; the gate compares those of two versions."""
    splits: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """For the card: split -> what -> how many."""
    licences: Mapping[str, str] = field(default_factory=dict)
    categories: Mapping[str, tuple[float, int]] = field(default_factory=dict)
    cost: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    """More tags of the model version."""
    show: Callable[[RunTracker], None] = _show_nothing
    """Draws the figures and tables that a reviewer looks at into the run of the examination."""


@dataclass(frozen=True)
class Contestant:
    """One side of a gate."""

    name: str
    """As a reviewer calls it: 'retrieval version 7'."""
    files: Path
    results: Any
    """Its `Examination.results` on the current data; None for a champion that cannot answer the questions."""


@dataclass(frozen=True)
class Decision:
    """The decision of a family's gate on champion and challenger."""

    promoted: bool
    reason: str
    interval: Interval | None = None
    """Difference of the family's measure, challenger minus champion; None without one to compare with."""
    report: str = ""
    """Markdown for the run's page; '' for the reason alone."""
    show: Callable[[RunTracker], None] = _show_nothing
    """Draws the figures of the decision into the run of the gate."""


def _nothing_missing(_context: Context[Any]) -> str | None:
    return None


def _no_inputs(_context: Context[Any]) -> Sequence[str]:
    return ()


def _any_champion(_context: Context[Any], _model: ModelVersion) -> bool:
    return True


def _no_workspace_files(_settings: Settings) -> Mapping[str, Path]:
    return {}


def _last(outcomes: Outcomes) -> str:
    return list(outcomes)[-1]


@dataclass(frozen=True)
class Family(Generic[P]):
    """A kind of model: how it is trained, examined, judged and released.

    A whole family is two folders and one line in `jobs.families`. `families/means/` knows the network and how
    it is trained, `inference.py` how it is served; `jobs/means/family.py` knows the workspace::

        def material(context: Context[MeansPreset], role: str) -> Means: ...  # from the tables to arrays

        def examine(context, outcomes, weights) -> Examination: ...  # held-out cases, answered

        def decide(context, challenger, champion) -> Decision:
            ok = champion is None or challenger.results["error"] < champion.results["error"]
            return Decision(ok, "smaller error" if ok else "no smaller error")

        def release_files(context, model, items) -> Mapping[str, Path]:
            return {"means.onnx": model / "means.onnx"}

        MEANS = Family(
            "means", training.PLAN, material, examine, decide, release_files, files(means) / "CARD.md"
        )

    `tests/toy_family/` holds one that runs.
    """

    name: str
    """Also its MLflow experiment, its registered model, and its folder in a release."""
    plan: TrainingPlan
    material: Callable[[Context[P], str], Any]
    """Reads what the stage of a role is trained on. TooLittleDataError: the data cannot teach it."""
    examine: Callable[[Context[P], Outcomes, Mapping[str, Path]], Examination]
    """Examines trained networks; takes the outcomes and, by role, the folders of their files."""
    decide: Callable[[Context[P], Contestant, Contestant | None], Decision]
    """Compares challenger and champion; None where there is no champion to compare with."""
    release_files: Callable[[Context[Any], Path, Sequence[Item]], Mapping[str, Path]]
    """Lists what a release takes: path in the family's folder -> file. Takes the champion's files and the
    items that can be found."""
    card: Traversable
    """Markdown: a summary, `## Intended use`, and `## Limits` as bullets."""
    needs: tuple[str, ...] = ()
    """Families whose champions it is trained and served with."""
    required: bool = False
    """Whether a release cannot go out without it: a first candidate that is held is then an error."""
    unavailable: Callable[[Context[P]], str | None] = _nothing_missing
    """Says why it cannot be trained on this data, or None."""
    inputs: Callable[[Context[P]], Sequence[str]] = _no_inputs
    """Digests of what its material depends on besides the data; a change of one trains anew."""
    examined_with: Callable[[Context[P]], Sequence[str]] = _no_inputs
    """Digests of what its examination depends on besides the data; a change of one examines anew."""
    served_stage: Callable[[Outcomes], str] = _last
    """Role of the stage whose network is registered."""
    reexamine: Callable[[Context[P], Path], Any] | None = None
    """`Examination.results` of an earlier version, by its files, on the current data; None where it cannot
    answer these questions. Without it a champion of older data cannot be compared."""
    fits: Callable[[Context[Any], ModelVersion], bool] = _any_champion
    """Tells whether a champion can go out beside those of `needs`."""
    workspace_files: Callable[[Settings], Mapping[str, Path]] = _no_workspace_files
    """Operators' files that go out with the model: path in the family's folder -> file. A change of one makes
    a new release."""
    evaluate: Callable[[Settings, Path], Mapping[str, float]] | None = None
    """Scores the live release on a folder of held-out data; None where a folder cannot hold such data."""

    def preset(self, name: str) -> P:
        """Return the preset of a name. TrainingError, naming the known ones, where there is none."""
        preset: P = self.plan.preset(name)
        return preset

    def stages(self, preset: P) -> Sequence[Stage]:
        """List the stages that a preset asks for, in the order of training."""
        return self.plan.requested_stages(preset)

    def why_unavailable(self, context: Context[P]) -> str | None:
        """Return why it cannot be trained now: a champion is missing, or the data is not enough."""
        for name in self.needs:
            if context.champion(name) is None:
                return f"no {name} model has passed its gate yet, and {self.name} needs one"
        return self.unavailable(context)


def family_named(families: Sequence[Family[Any]], name: str) -> Family[Any]:
    """Return one of the families by its name. TrainingError, naming the known ones, where there is none."""
    for family in families:
        if family.name == name:
            return family
    known = ", ".join(family.name for family in families)
    raise TrainingError(f"there is no family '{name}'; known families: {known}")
