"""The main job: new data in, a judged model, a release live. Daily by prefect.yaml, or `atelier retrain`."""

from __future__ import annotations

import time
from pathlib import Path

from prefect import State, flow
from prefect.states import Cancelled

from atelier.jobs.gallery import gallery
from atelier.settings import Settings
from flows.ingest_drop import ingest_drop
from flows.publish_release import publish_release
from flows.summary import Summary, leave_artifacts, summarise
from flows.train_detector import train_the_detector
from flows.train_family import train_family
from flows.turns import one_run_at_a_time


@flow(name="retrain-daily", timeout_seconds=20 * 3600, persist_result=False)
def retrain_daily(preset: str = "small", drop: Path | None = None) -> Summary | State:
    """Ingests `drop` (or all in `drops/`), retrains with `preset`, and makes live what passed the gate."""
    settings = Settings()
    with one_run_at_a_time(settings) as turn:
        if turn.refused:
            return Cancelled(message=turn.refused)
        began = time.monotonic()
        ingested = ingest_drop(drop)
        detector = train_the_detector(preset)  # first: the student's examination searches with it
        family = train_family(preset)
        published = publish_release()
        summary = summarise(settings, preset, ingested, detector, family, published, time.monotonic() - began)
        leave_artifacts(summary, gallery(settings, family.candidate))
        return summary
