"""Runs one retraining at a time, and after a gap one for all missed runs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from prefect.context import FlowRunContext

from atelier.errors import ServiceError
from atelier.services import lock
from atelier.settings import Settings


@dataclass(frozen=True)
class RunSlot:
    """Permission of a run to continue; `refused` is the reason against it."""

    refused: str | None = None


@contextmanager
def one_run_at_a_time(settings: Settings) -> Iterator[RunSlot]:
    """Lock this workspace for one run, and record that it ended well.

    A scheduled run that finds the workspace held, or its work done by a run that began after it was due, is
    given a `RunSlot` with the reason. Whoever started a run by hand gets a `ServiceError` instead.

    After a gap, the server hands out every missed run. The first to get its turn does the work of all: it
    reads whatever data there is now, so it is the latest run in all but name, and those due before it began
    find that they are covered. Going by names, the missed runs could all defer to one that was cancelled.
    """
    due = _due_at()
    with ExitStack() as held:
        try:
            held.enter_context(lock.hold(lock.workspace(settings), "a retraining"))
        except ServiceError as error:
            if due is None:
                raise
            yield RunSlot(str(error))
            return
        began, last = datetime.now(UTC), _last_began(settings)
        if due is not None and last is not None and due <= last:
            yield RunSlot(
                f"covered: the run that began at {last:%Y-%m-%d %H:%M} UTC did the work of this one, "
                f"due at {due:%Y-%m-%d %H:%M}"
            )
            return
        yield RunSlot()
        _remember(settings, began)


def _due_at() -> datetime | None:
    """When the schedule wanted this run; None for a run that a person asked for."""
    context = FlowRunContext.get()
    run = context.flow_run if context else None
    return run.expected_start_time if run is not None and run.auto_scheduled else None


def _memory_path(settings: Settings) -> Path:
    return settings.stores_dir / "last-retraining.json"


def _last_began(settings: Settings) -> datetime | None:
    path = _memory_path(settings)
    return datetime.fromisoformat(json.loads(path.read_text())["began"]) if path.exists() else None


def _remember(settings: Settings, began: datetime) -> None:
    new_path = _memory_path(settings).with_suffix(".new")
    new_path.write_text(json.dumps({"began": began.isoformat()}))
    new_path.replace(_memory_path(settings))
