"""Examines a trained family and registers its served network as the candidate."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from atelier.lifecycle.cards import card_of
from atelier.lifecycle.code import code_digest
from atelier.lifecycle.context import Context, open_context
from atelier.lifecycle.family import Family, Outcomes
from atelier.lifecycle.runs import measured, run_key, weights_of
from atelier.registry.models import ModelVersion
from atelier.registry.store import Registry
from atelier.settings import Settings

RESULTS_FILE = "results.json"
"""Artifact of an examination with its answers case by case, which the gate compares."""


@dataclass(frozen=True)
class Registered:
    """A version of a model in the registry, examined."""

    model_version: int
    run_id: str
    """The run of the examination: metrics and pictures."""
    digest: str
    """Of the version's files."""
    reused: bool
    metrics: dict[str, float]
    seconds: float


def register(
    settings: Settings, family: Family[Any], preset: str, outcomes: Outcomes, *, progress: bool = True
) -> Registered:
    """Examine the trained networks on the held-out data and register the served one as the candidate.

    Returns the version that the same examination registered before, if there is one. DigestError: weights
    have changed since they were trained.
    """
    start = time.perf_counter()
    with open_context(settings, family.preset(preset), progress=progress) as context:
        key = _key(family, context, outcomes)
        known = _registered_already(context.registry, family.name, key, start)
        return known or _examine_and_register(family, context, outcomes, key, start)


def _key(family: Family[Any], context: Context[Any], outcomes: Outcomes) -> str:
    return run_key(
        f"{family.name}/examination",
        context.data_version,
        *(outcome.key for outcome in outcomes.values()),
        *family.examined_with(context),
        code=code_digest(family.examine),
    )


def _examine_and_register(
    family: Family[Any], context: Context[Any], outcomes: Outcomes, key: str, start: float
) -> Registered:
    preset = context.preset.name
    tags = {"data_version": context.data_version, "preset": preset}
    tags |= {role: outcome.run_id for role, outcome in outcomes.items()}
    with (
        context.registry.start_run(f"examination-{preset}", key, tags, family=family.name) as run,
        weights_of(context.registry, outcomes) as weights,
    ):
        examination = family.examine(context, outcomes, weights)
        metrics = dict(examination.metrics)
        run.metrics(metrics, 0)
        run.json(RESULTS_FILE, examination.results)
        examination.show(run)
        made = context.registry.register(
            family.name,
            examination.files,
            run.ref,
            signature=examination.signature,
            input_example=examination.example,
            card=card_of(family, context, examination),
            tags={**tags, **examination.tags},
            served=examination.served,
        )
    return _outcome(made, run.run_id, False, metrics, start)


def _registered_already(registry: Registry, model: str, key: str, start: float) -> Registered | None:
    """What the examination under `key` registered; None where it has not finished. `start`: perf_counter."""
    found = registry.find_run(key)
    if found is None:
        return None
    known = next((each for each in registry.versions(model) if each.run_id == found.run_id), None)
    return None if known is None else _outcome(known, found.run_id, True, measured(found.metrics), start)


def _outcome(
    version: ModelVersion, run_id: str, reused: bool, metrics: dict[str, float], start: float
) -> Registered:
    seconds = time.perf_counter() - start
    return Registered(version.version, run_id, version.files_digest, reused, metrics, seconds)
