"""Follows `releases/live`: loads a new release aside, then swaps it in with one assignment.

A request takes `current` once and keeps it until it has answered, so a swap never reaches into a request.
A release is freed when the last request that holds it lets go. One that cannot be loaded leaves the old one
in place, is reported in `state`, and is tried again later.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from atelier.collage.templates import own_templates
from atelier.errors import NoReleaseError
from atelier.places import LeftOut
from atelier.release.manifest import Release
from atelier.release.store import live_id, show
from atelier.rules.file import own_rules
from atelier.serving.answerer import Answerer
from atelier.serving.loader import open_answerer
from atelier.settings import Settings

log = logging.getLogger("atelier.serving")

POLL_SECONDS = 0.5
RETRY_SECONDS = 30.0
"""How long a release that failed to load is left alone before it is tried again."""


@dataclass(frozen=True)
class LoadFailure:
    """A release that should be live and is not."""

    release_id: str | None
    """None when not even the pointer or the manifest could be read."""
    error: str
    since: datetime


@dataclass(frozen=True)
class LiveState:
    """The release that is served, and the failure of a newer one."""

    answerer: Answerer | None = None
    num_loads: int = 0
    num_failures: int = 0
    failure: LoadFailure | None = None
    """Of the newest release, while it cannot be loaded."""
    left_out: tuple[LeftOut, ...] = ()
    """Own templates and rule files of the workspace that could not be used when the release was loaded."""


class LiveRelease:
    """Follows the newest release that could be loaded: `current` answers, `state` explains."""

    def __init__(
        self,
        settings: Settings,
        load: Callable[[Settings, Release, Answerer | None], Answerer] = open_answerer,
        poll_seconds: float = POLL_SECONDS,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        self._settings = settings
        self._load = load
        self._poll_seconds = poll_seconds
        self._retry_seconds = retry_seconds
        self._retry_at = 0.0
        self._state = LiveState()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def state(self) -> LiveState:
        return self._state

    @property
    def current(self) -> Answerer:
        """Return the loaded release. NoReleaseError: none has been loaded yet."""
        state = self._state
        if state.answerer is None:
            if state.failure is not None:
                raise NoReleaseError(
                    f"Release {state.failure.release_id} could not be loaded: {state.failure.error}"
                )
            raise NoReleaseError("Nothing is live yet. `atelier retrain` trains and promotes a release.")
        return state.answerer

    def start(self) -> None:
        """Load the live release, then follow it in the background until `stop`."""
        self.refresh()
        self._thread = threading.Thread(target=self._follow, name="live-release", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def refresh(self) -> None:
        """Look at the pointer once, and load the release it names if that is another one. Never raises."""
        release_id: str | None = None
        try:
            release_id = live_id(self._settings)
            if release_id is None:
                self._require_nothing_loaded()
            elif self._is_loaded(release_id):
                self._state = replace(self._state, failure=None)
            elif self._is_due(release_id):
                release = show(self._settings, release_id)
                self._swap_in(self._load(self._settings, release, self._state.answerer))
        except Exception as error:  # whatever is wrong with the new release, the old one goes on answering
            self._report(release_id, error)

    def _follow(self) -> None:
        while not self._stop.wait(self._poll_seconds):
            self.refresh()

    def _require_nothing_loaded(self) -> None:
        if self._state.answerer is not None:  # before the first promotion, no pointer is no failure
            raise NoReleaseError(
                "`releases/live` is gone; `atelier release rollback` or `promote` writes it anew"
            )

    def _is_loaded(self, release_id: str) -> bool:
        return self._state.answerer is not None and self._state.answerer.release.release_id == release_id

    def _is_due(self, release_id: str) -> bool:
        failure = self._state.failure
        return failure is None or failure.release_id != release_id or time.monotonic() >= self._retry_at

    def _swap_in(self, answerer: Answerer) -> None:
        self._state = LiveState(
            answerer=answerer,
            num_loads=self._state.num_loads + 1,
            num_failures=self._state.num_failures,
            left_out=_left_out(self._settings),
        )
        for each in self._state.left_out:
            log.warning("left out: %s", each)
        log.info("release %s is served, with %d rows", answerer.release.release_id, len(answerer.reader))

    def _report(self, release_id: str | None, error: Exception) -> None:
        failure, known = LoadFailure(release_id, _in_words(error), datetime.now(UTC)), self._state.failure
        self._retry_at = time.monotonic() + self._retry_seconds
        if known is not None and (known.release_id, known.error) == (failure.release_id, failure.error):
            failure = known
        else:
            log.error("release %s cannot be served, the old one stays: %s", release_id, failure.error)
        num_failures = self._state.num_failures + (release_id is not None)  # a lost pointer is no attempt
        self._state = replace(self._state, num_failures=num_failures, failure=failure)


def _left_out(settings: Settings) -> tuple[LeftOut, ...]:
    templates, rules = own_templates(settings.templates_dir), own_rules(settings.rules_dir)
    return (*templates.left_out, *rules.left_out.values())


def _in_words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
