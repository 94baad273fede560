"""The main job: new data in, a judged model, a release live. Daily by prefect.yaml, or `atelier retrain`."""

from __future__ import annotations

import time
from pathlib import Path

from prefect import State, flow
from prefect.states import Cancelled

from atelier.jobs.retrieval.gallery import gallery
from atelier.settings import Settings
from flows.ingest_drop import ingest_drop
from flows.publish_release import publish_release
from flows.single_run import one_run_at_a_time
from flows.summary import Summary, leave_artifacts, summarise
from flows.train_detector import train_the_detector
from flows.train_family import adopt_family, train_family
from flows.train_outfits import train_the_outfits
from flows.train_ranker import train_the_ranker


@flow(name="retrain-daily", timeout_seconds=20 * 3600, persist_result=False)
def retrain_daily(
    preset: str = "small", drop: Path | None = None, adopt: Path | None = None, digest: str | None = None
) -> Summary | State:
    """Ingests `drop` (or all in `drops/`), retrains with `preset`, and makes live what passed the gate.

    With `adopt`, a folder of `train_pack`, and its `digest`, that model is taken in instead of training one.
    """
    settings = Settings()
    with one_run_at_a_time(settings) as turn:
        if turn.refused:
            return Cancelled(message=turn.refused)
        began = time.monotonic()
        ingested = ingest_drop(drop)
        detector = train_the_detector(preset)  # first: the student's examination searches with it
        family = train_family(preset) if adopt is None else adopt_family(adopt, digest)
        outfits = train_the_outfits(family.preset)  # after the gate: it sees items as the champion does
        ranker = train_the_ranker(family.preset)
        published = publish_release()
        seconds = time.monotonic() - began
        summary = summarise(settings, ingested, detector, family, outfits, ranker, published, seconds)
        leave_artifacts(summary, gallery(settings, family.candidate))
        return summary
