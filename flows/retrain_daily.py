"""Runs the main job: ingest, train and gate every family, publish. Daily, or by `atelier retrain`."""

from __future__ import annotations

import time
from pathlib import Path

from prefect import State, flow
from prefect.states import Cancelled

from atelier.jobs.families import FAMILIES
from atelier.jobs.retrieval.gallery import gallery
from atelier.lifecycle.adopt import declared
from atelier.settings import Settings
from flows.ingest_drop import ingest_drop
from flows.publish_release import publish_release
from flows.single_run import one_run_at_a_time
from flows.summary import Summary, leave_artifacts, main_candidate, require_all_drops, summarise
from flows.train_family import TrainedFamily, adopt_family, train_family


@flow(name="retrain-daily", timeout_seconds=20 * 3600, persist_result=False)
def retrain_daily(
    preset: str = "small", drop: Path | None = None, adopt: Path | None = None, digest: str | None = None
) -> Summary | State:
    """Ingest `drop` (or all in `drops/`), retrain with `preset`, and publish what passed the gate.

    A drop in `drops/` that cannot be ingested holds back nothing else, and fails the run when all is done
    (PartFailedError). With `adopt`, a folder of `train_pack`, and its `digest`, that model is registered
    and its family not trained; the others are trained with its preset.
    """
    settings = Settings()
    with one_run_at_a_time(settings) as slot:
        if slot.refused:
            return Cancelled(message=slot.refused)
        began = time.monotonic()
        ingested = ingest_drop(drop)
        adopted, preset = declared(adopt) if adopt else (None, preset)
        trained: list[TrainedFamily] = []
        for family in FAMILIES:  # in this order: each works with the champions before it
            if adopt is not None and family.name == adopted:
                trained.append(adopt_family(family.name, adopt, digest))
            else:
                trained.append(train_family(family.name, preset))
        published = publish_release()
        summary = summarise(settings, ingested, trained, published, time.monotonic() - began)
        leave_artifacts(summary, gallery(settings, main_candidate(trained)))
        require_all_drops(summary)
        return summary
