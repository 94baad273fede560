"""A challenger in shadow: a second release answers a share of the requests too, after their answer was sent.

Nobody is served by it. What is compared goes to `/metrics` and, a line for each request, into `shadow_log`:
items and times, never a photo. It has one thread of low priority and a short queue; what does not fit is
dropped and counted. Whatever goes wrong here, requests do not notice.
"""

from __future__ import annotations

import hashlib
import logging
import os
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from fastapi import BackgroundTasks, Request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from atelier import pictures
from atelier.errors import AtelierError
from atelier.families.retrieval.metrics import agreement
from atelier.release.manifest import Release
from atelier.release.store import show
from atelier.serving.answerer import Answer, Answerer, Filters
from atelier.serving.loader import open_answerer
from atelier.serving.schemas import SearchForm
from atelier.serving.shadow_log import Compared, ShadowLog
from atelier.settings import Settings
from atelier.vocabulary import Box

log = logging.getLogger("atelier.serving")

QUEUE_SIZE = 32
QUEUE_BYTES = 64_000_000
"""Photos that wait, at most: so many, and so large together."""
RETRY_SECONDS = 30.0
STOP_SECONDS = 10.0
"""How long the end of serving waits for a request in shadow; the thread dies with the process anyway."""
NICENESS = 10
"""Of the shadow's threads, on Linux: they run where others leave time."""
DEPTH = 10
"""Answers are compared down to this place."""


@dataclass(frozen=True)
class Asked:
    """A request and its live answer, for the shadow to repeat."""

    request_id: str
    photo: bytes
    box: Box | None
    text: str | None
    filters: Filters
    k: int
    answer: Answer


class Shadow:
    """Answers a share of the requests once more with `settings.shadow_release`; off while the share is 0."""

    def __init__(
        self,
        settings: Settings,
        load: Callable[[Settings, Release, Answerer | None], Answerer] = open_answerer,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        self._settings = settings
        self._load = load
        self._retry_seconds = retry_seconds
        self._queue: queue.Queue[Asked] = queue.Queue(QUEUE_SIZE)
        self._waiting_bytes = 0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._log = ShadowLog(settings.shadow_dir)
        self.answerer: Answerer | None = None
        """The release in shadow, once it is loaded."""
        self.metrics = ShadowMetrics()

    def start(self) -> None:
        """Load the release and begin, in the background; returns at once."""
        if self._settings.shadow_share > 0:
            self._thread = threading.Thread(target=self._run, name="shadow", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Drop the queue and stop."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)

    def follow(
        self, later: BackgroundTasks, request: Request, form: SearchForm, box: Box | None, answer: Answer
    ) -> None:
        """Queue a photo for the shadow after its answer was sent, if it is in the share."""
        request_id = str(request.state.request_id)
        photo = form.photo
        if self.answerer is None or not is_chosen(request_id, self._settings.shadow_share) or photo is None:
            return

        async def offer() -> None:
            await photo.seek(0)
            asked = Asked(request_id, await photo.read(), box, form.text, form.filters(), form.k, answer)
            self.offer(asked)

        later.add_task(offer)

    def offer(self, asked: Asked) -> bool:
        """Put a request into the queue; False, and counted as dropped, where there is no room."""
        with self._lock:
            fits = self._waiting_bytes + len(asked.photo) <= QUEUE_BYTES
            if fits and not self._queue.full():
                self._queue.put_nowait(asked)
                self._waiting_bytes += len(asked.photo)
                return True
        self.metrics.requests.labels("dropped").inc()
        return False

    def _run(self) -> None:
        _be_nice()
        while not self._stop.is_set():
            if self.answerer is None and not self._loaded():
                self._stop.wait(self._retry_seconds)
                continue
            try:
                asked = self._queue.get(timeout=0.2)
            except queue.Empty:
                continue
            with self._lock:
                self._waiting_bytes -= len(asked.photo)
            self._answer(asked)

    def _loaded(self) -> bool:
        """Load the release as the live one is loaded, with the same checks, on one thread."""
        release_id = self._settings.shadow_release
        assert release_id is not None, "settings ask for a release where there is a share"
        try:
            release = show(self._settings, release_id)
            alone = self._settings.model_copy(update={"serve_threads": 1})
            self.answerer = self._load(alone, release, None)
        except Exception as error:  # as with the live one: whatever is wrong with it, serving goes on
            self.metrics.is_loaded.set(0)
            log.error("release %s cannot run in shadow: %s: %s", release_id, type(error).__name__, error)
            return False
        self.metrics.is_loaded.set(1)
        share = f"{self._settings.shadow_share:.1%}"
        log.info("release %s answers %s of the requests in shadow", release.release_id, share)
        return True

    def _answer(self, asked: Asked) -> None:
        assert self.answerer is not None
        if self.answerer.release.release_id == asked.answer.release_id:
            self.metrics.requests.labels("same_release").inc()
            return
        try:
            started = time.perf_counter()
            limits = pictures.PictureLimits(
                self._settings.max_picture_pixels, self._settings.min_picture_side
            )
            photo, inside = self.answerer.open_photo(asked.photo, asked.box, limits)
            decoded = time.perf_counter()
            answer = self.answerer.answer(photo.pixels, inside, asked.filters, asked.k, text=asked.text)
            seconds = time.perf_counter() - decoded
            compared = compare(asked, answer, self.answerer.release.release_id, seconds)
            self._log.write(compared)
            self.metrics.observe(compared, decoded - started + seconds)
        except (
            Exception
        ) as error:  # a request that the shadow cannot answer is a finding, not a fault of ours
            kind = log.warning if isinstance(error, AtelierError) else log.exception
            kind("shadow: request %s failed: %s", asked.request_id, error)
            self.metrics.requests.labels("failed").inc()


def is_chosen(request_id: str, share: float) -> bool:
    """Test whether a request is in the share, 0 to 1, by a hash of its id: a larger share includes the
    smaller.
    """
    number = int.from_bytes(hashlib.blake2b(request_id.encode(), digest_size=8).digest(), "big")
    return number < share * 2**64


def compare(asked: Asked, answer: Answer, release_id: str, seconds: float) -> Compared:
    """Compare the live and the shadow answer of one request. `seconds`: the shadow's time without
    decoding.
    """
    live_ids, shadow_ids = ([hit.item_id for hit in each.items[:DEPTH]] for each in (asked.answer, answer))
    seen = agreement(live_ids, shadow_ids, DEPTH)
    guesses = asked.answer.categories
    return Compared(
        at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        request_id=asked.request_id,
        live=asked.answer.release_id,
        shadow=release_id,
        category=guesses[0].name if guesses else "",
        boxed=asked.box is not None,
        depth=max(len(live_ids), len(shadow_ids)),
        overlap=seen.overlap,
        same_first=seen.same_first,
        rank_correlation=seen.rank_correlation,
        live_ms=1000 * sum(s for stage, s in asked.answer.seconds.items() if stage not in ("wait", "decode")),
        shadow_ms=1000 * seconds,
        live_ids=tuple(live_ids),
        shadow_ids=tuple(shadow_ids),
    )


class ShadowMetrics:
    """Exports the shadow's metrics for Prometheus, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "atelier_shadow_requests_total",
            "Requests of the share: compared, dropped for want of room, failed, or of the same release.",
            ("outcome",),
            registry=self.registry,
        )
        self.is_loaded = Gauge(
            "atelier_shadow_is_loaded", "1 while a release answers in shadow.", registry=self.registry
        )
        self.overlap = Histogram(
            "atelier_shadow_overlap",
            "Share of the best ten items that both releases found.",
            buckets=(0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0),
            registry=self.registry,
        )
        self.same_first = Counter(
            "atelier_shadow_same_first_total",
            "Compared requests whose first item is the same.",
            registry=self.registry,
        )
        self.seconds = Histogram(
            "atelier_shadow_seconds",
            "The shadow's time for a request, decoding included, at low priority.",
            buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0),
            registry=self.registry,
        )

    def observe(self, compared: Compared, seconds: float) -> None:
        self.requests.labels("compared").inc()
        self.overlap.observe(compared.overlap)
        self.same_first.inc(compared.same_first)
        self.seconds.observe(seconds)


def _be_nice() -> None:
    """Lower this thread's priority, and so that of the threads it starts; Linux has one for each thread."""
    if hasattr(os, "setpriority") and os.uname().sysname == "Linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
