"""Following `releases/live`: three promotions, a roll-back and a broken release, under load."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from damage import overwrite
from fastapi.testclient import TestClient
from serving_world import PICTURES, encoded, prepare_release, publish

from atelier.errors import NoReleaseError
from atelier.release.manifest import Release
from atelier.release.store import folder_of, promote, rollback
from atelier.serving.answerer import Answerer
from atelier.serving.app import create_app
from atelier.serving.live import LiveRelease
from atelier.serving.loader import open_answerer
from atelier.settings import Settings

PHOTO = encoded(PICTURES["T/1"])


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, serve_threads=1)


def wait_until(is_true: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


def live_file(settings: Settings) -> Path:
    return settings.releases_dir / "live"


class Hammer:
    """Eight threads that search without a pause, count which release answered, and keep what went wrong."""

    def __init__(self, client: TestClient, num_threads: int = 8) -> None:
        self.answers: Counter[str] = Counter()
        self.failures: list[str] = []
        self._client = client
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._strike) for _ in range(num_threads)]

    def __enter__(self) -> Hammer:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, release: Release) -> None:
        """Until `release` has answered eight times more."""
        before = self.answers[release.release_id]
        wait_until(lambda: self.answers[release.release_id] > before + 8 or bool(self.failures))

    def _strike(self) -> None:
        while not self._stop.is_set():
            response = self._client.post("/v1/search", files={"photo": PHOTO}, data={"k": "2"})
            if response.status_code == 200 and response.json()["items"][0]["item_id"] == "T/1":
                self.answers[response.json()["release"]] += 1
            else:
                self.failures.append(f"{response.status_code} {response.text}")


def test_no_request_fails_while_releases_change_under_load(settings: Settings) -> None:
    first = publish(settings, "data-1")
    app = create_app(settings, LiveRelease(settings, poll_seconds=0.05))
    with TestClient(app) as client, Hammer(client) as hammer:
        hammer.wait_for(first)
        second = publish(settings, "data-2")
        hammer.wait_for(second)
        third = publish(settings, "data-2", sharpness=30.0)
        hammer.wait_for(third)
        assert rollback(settings).release_id == second.release_id
        hammer.wait_for(second)
        broken = _go_live_rotten(settings)
        wait_until(lambda: client.get("/health").json()["failure"] is not None)
        hammer.wait_for(second)
        promote(settings, third.release_id)
        hammer.wait_for(third)
    assert hammer.failures == []
    assert hammer.answers.keys() == {first.release_id, second.release_id, third.release_id}
    assert broken.release_id not in hammer.answers


def test_a_release_that_does_not_load_leaves_the_old_one_and_is_reported(settings: Settings) -> None:
    good = publish(settings, "data-1")
    live = LiveRelease(settings, poll_seconds=0.05)
    with TestClient(create_app(settings, live)) as client:
        bad = _go_live_rotten(settings)
        wait_until(lambda: live.state.failure is not None)
        health = client.get("/health")
        assert (health.status_code, health.json()["status"]) == (200, "stale")
        assert health.json()["release"] == good.release_id
        assert health.json()["failure"]["release"] == bad.release_id
        assert "DigestError" in health.json()["failure"]["error"]
        assert client.post("/v1/search", files={"photo": PHOTO}).json()["release"] == good.release_id
        metrics = client.get("/metrics").text
        assert "atelier_release_is_stale 1.0" in metrics
        assert "atelier_release_load_failures_total 1.0" in metrics

        rollback(settings, good.release_id)
        wait_until(lambda: live.state.failure is None)
        assert client.get("/health").json()["status"] == "ok"


def test_a_release_that_failed_is_not_tried_at_every_look_but_again_later(settings: Settings) -> None:
    publish(settings, "data-1")
    tries: list[str] = []

    def fail_twice(settings: Settings, release: Release, previous: Answerer | None) -> Answerer:
        tries.append(release.release_id)
        if len(tries) < 3:
            raise OSError("the store is away")
        return open_answerer(settings, release, previous)

    patient = LiveRelease(settings, load=fail_twice, retry_seconds=3600)
    for _ in range(5):
        patient.refresh()
    assert len(tries) == 1
    with pytest.raises(NoReleaseError, match="the store is away"):
        _ = patient.current

    eager = LiveRelease(settings, load=fail_twice, retry_seconds=0)
    eager.refresh()
    eager.refresh()
    assert len(tries) == 3
    assert eager.current.release.release_id == tries[0]
    assert (eager.state.num_loads, eager.state.num_failures, eager.state.failure) == (1, 1, None)


def test_an_old_release_is_freed_after_its_last_request(settings: Settings) -> None:
    publish(settings, "data-1")
    live = LiveRelease(settings)
    live.refresh()
    in_flight = live.current
    old = weakref.ref(in_flight)
    publish(settings, "data-2")
    live.refresh()
    gc.collect()
    assert live.current is not in_flight
    assert old() is in_flight, "a request in flight keeps its release"
    del in_flight
    gc.collect()
    assert old() is None


def test_a_server_started_before_the_first_release_answers_503_and_then_answers(settings: Settings) -> None:
    with TestClient(create_app(settings, LiveRelease(settings, poll_seconds=0.05))) as client:
        for response in (
            client.get("/health"),
            client.get("/v1/release"),
            client.post("/v1/search", files={"photo": PHOTO}),
        ):
            assert response.status_code == 503
            assert "atelier retrain" in response.json()["detail"]
        assert client.get("/health/live").status_code == 200
        assert client.get("/metrics").status_code == 200
        publish(settings, "data-1")
        wait_until(lambda: client.get("/health").status_code == 200)
        assert client.post("/v1/search", files={"photo": PHOTO}).status_code == 200


def test_a_lost_pointer_is_reported_and_does_not_stop_the_answers(settings: Settings) -> None:
    release = publish(settings, "data-1")
    live = LiveRelease(settings)
    live.refresh()
    live_file(settings).unlink()
    live.refresh()
    assert live.current.release.release_id == release.release_id
    assert live.state.failure is not None
    promote(settings, release.release_id)
    live.refresh()
    assert live.state.failure is None


def _go_live_rotten(settings: Settings) -> Release:
    """A release whose model, no other's, was spoilt between its promotion and its loading."""
    release = prepare_release(settings, "data-3", sharpness=40.0)
    overwrite(folder_of(settings, release, "retrieval") / "student.onnx")
    pointer = settings.releases_dir / "live.new"
    pointer.write_text(release.release_id)
    pointer.replace(live_file(settings))
    return release
