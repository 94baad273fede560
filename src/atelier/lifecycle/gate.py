"""Promotes a candidate if its family's gate decides so; records the decision in a run of its own."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from atelier.errors import RegistryError
from atelier.evidence import Interval
from atelier.lifecycle.code import code_digest
from atelier.lifecycle.context import Context, open_context
from atelier.lifecycle.family import Contestant, Decision, Family
from atelier.lifecycle.register import RESULTS_FILE, Registered
from atelier.lifecycle.runs import run_key
from atelier.registry.models import ModelVersion
from atelier.settings import Settings

DECISION_FILE = "gate/decision.json"


@dataclass(frozen=True)
class GateOutcome:
    """The outcome of the gate for a version."""

    promoted: bool
    """Whether the version is the champion now."""
    reason: str
    run_id: str | None
    """The run with the report; None where the version had been the champion before."""
    champion: int | None
    """Version that is the champion now; None while none was good enough."""
    reused: bool = False
    difference: float | None = None
    """Challenger's measure minus the champion's; None without one to compare with."""
    low: float | None = None
    high: float | None = None
    """Bounds of its 95 % interval."""
    seconds: float = 0.0


def gate(
    settings: Settings, family: Family[Any], preset: str, registered: Registered, *, progress: bool = True
) -> GateOutcome:
    """Let champion and challenger answer the same cases, and move the alias `champion` on evidence.

    The report lies in a run of its own and as tags of the version. A pair that was judged on this data is not
    judged again. RegistryError: a first version that is not good enough, of a family that releases require.
    """
    start = time.perf_counter()
    with open_context(settings, family.preset(preset), progress=progress) as context:
        champion = context.registry.version(family.name, "champion")
        challenger = context.registry.version(family.name, registered.model_version)
        assert challenger is not None, "a registered version exists"
        if champion is not None and champion.files_digest == challenger.files_digest:
            reason = f"this {family.name} model is the champion already"
            return GateOutcome(True, reason, None, champion.version, reused=True)
        decision, run_id, reused = _decision(family, context, challenger, champion)
        tags = {"verdict": _word(decision), "gate_run": run_id}
        context.registry.tag_version(challenger, tags)
        if decision.promoted:
            champion = context.registry.set_alias(family.name, "champion", challenger.version)
    if champion is None and family.required:
        raise RegistryError(
            f"{family.name} version {challenger.version} is not good enough to be the first champion: "
            f"{decision.reason}. See the report of run {run_id} in the MLflow UI; "
            f"more data, or a larger preset, helps"
        )
    interval = decision.interval
    return GateOutcome(
        decision.promoted,
        decision.reason,
        run_id,
        champion.version if champion else None,
        reused,
        difference=None if interval is None else interval.difference,
        low=None if interval is None else interval.low,
        high=None if interval is None else interval.high,
        seconds=time.perf_counter() - start,
    )


def _decision(
    family: Family[Any], context: Context[Any], challenger: ModelVersion, champion: ModelVersion | None
) -> tuple[Decision, str, bool]:
    """The decision, the run that records it, and whether it had been made before."""
    before = champion.files_digest if champion else None
    key = run_key(
        f"{family.name}/gate",
        context.data_version,
        challenger.files_digest,
        before,
        code=code_digest(family.decide),
    )
    found = context.registry.find_run(key)
    if found is not None:
        return _read(context.registry.read(found.run_id, DECISION_FILE)), found.run_id, True
    tags = {
        "data_version": context.data_version,
        "preset": context.preset.name,
        "challenger": str(challenger.version),
    }
    name = f"gate-version-{challenger.version}"
    with context.registry.start_run(name, key, tags, family=family.name) as run:
        new = _contestant(family, context, challenger)
        old = None if champion is None else _contestant(family, context, champion)
        decision = family.decide(context, new, old)
        report = decision.report or f"# Gate: {_word(decision)}\n\n{new.name}: {decision.reason}.\n"
        run.text("gate/report.md", report)
        run.json(DECISION_FILE, _as_json(decision))
        run.describe(report)
        run.tag(verdict=_word(decision))
        decision.show(run)
    return decision, run.run_id, False


def _contestant(family: Family[Any], context: Context[Any], version: ModelVersion) -> Contestant:
    """A version with its results on the current data: its examination's, or new ones for changed data."""
    files = context.use(version).folder
    results = None
    if version.tags.get("data_version") == context.data_version:
        results = _examined(context, version)
    if results is None and family.reexamine is not None:
        results = family.reexamine(context, files)
    return Contestant(f"{version.name} version {version.version}", files, results)


def _examined(context: Context[Any], version: ModelVersion) -> Any:
    """The results of a version's examination; None for one that an earlier release of the code examined."""
    try:
        return json.loads(context.registry.read(version.run_id, RESULTS_FILE))
    except RegistryError:
        return None


def _as_json(decision: Decision) -> dict[str, Any]:
    interval = decision.interval
    bounds = None if interval is None else [interval.difference, interval.low, interval.high]
    return {"promoted": decision.promoted, "reason": decision.reason, "interval": bounds}


def _read(data: bytes) -> Decision:
    facts = json.loads(data)
    bounds = facts["interval"]
    return Decision(facts["promoted"], facts["reason"], bounds and Interval(*bounds))


def _word(decision: Decision) -> str:
    return "promoted" if decision.promoted else "held"
