"""Ingests each incoming drop: checks it and records it as a data version, once."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from prefect import flow

from atelier.jobs.data.ingest import IngestReport, ingest
from atelier.settings import Settings
from flows.steps import step

log = logging.getLogger("atelier.flows")


@flow(name="ingest-drop", persist_result=False)
def ingest_drop(drop: Path | None = None) -> list[IngestReport | FailedDrop]:
    """Ingests `drop`, or, without one, each folder beneath `drops/` in the order of names, hidden ones aside.

    A drop whose content was ingested before changes nothing, so that drops may stay where they are. One of
    several that cannot be ingested does not hold back the others, and is tried again by the next run.
    """
    settings = Settings()
    if drop is not None:
        return [ingest_step(settings, drop)]
    return [_ingested(settings, drop_dir) for drop_dir in _incoming(settings)]


@dataclass(frozen=True)
class FailedDrop:
    """A drop that could not be ingested; nothing of it was accepted."""

    drop: str
    """Its folder beneath `drops/`."""
    error: str


def _ingested(settings: Settings, drop_dir: Path) -> IngestReport | FailedDrop:
    try:
        return ingest_step(settings, drop_dir)
    except Exception as error:  # whatever is wrong with it, the drops after it are not to blame
        log.error("drop %s was not taken in: %s", drop_dir.name, error)
        return FailedDrop(drop_dir.name, str(error) or type(error).__name__)


ingest_step = step("ingest", minutes=120)(ingest)


def _incoming(settings: Settings) -> list[Path]:
    drops_dir = settings.drops_dir
    found = sorted(drops_dir.iterdir()) if drops_dir.is_dir() else []
    return [path for path in found if path.is_dir() and not path.name.startswith(".")]
