"""Ingests each incoming drop: checks it and records it as a data version, once."""

from __future__ import annotations

from pathlib import Path

from prefect import flow

from atelier.jobs.data.ingest import IngestReport, ingest
from atelier.settings import Settings
from flows.steps import step


@flow(name="ingest-drop", persist_result=False)
def ingest_drop(drop: Path | None = None) -> list[IngestReport]:
    """Ingest `drop`, or, without one, each folder beneath `drops/` in the order of names, hidden ones aside.

    A drop whose content was ingested before changes nothing, so that drops may stay where they are.
    """
    settings = Settings()
    return [ingest_step(settings, drop_dir) for drop_dir in _incoming(settings, drop)]


ingest_step = step("ingest", minutes=120)(ingest)


def _incoming(settings: Settings, drop: Path | None) -> list[Path]:
    if drop is not None:
        return [drop]
    drops_dir = settings.drops_dir
    found = sorted(drops_dir.iterdir()) if drops_dir.is_dir() else []
    return [path for path in found if path.is_dir() and not path.name.startswith(".")]
