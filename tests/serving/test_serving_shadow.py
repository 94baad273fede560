"""A release in shadow: it answers a share of the requests after the fact, and never reaches into one."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError
from serving_world import PICTURES, encoded, prepare_release, publish

from atelier.release.manifest import Release
from atelier.serving import shadow as shadow_room
from atelier.serving.answerer import NO_FILTERS, Answer, Answerer
from atelier.serving.app import create_app
from atelier.serving.loader import open_answerer
from atelier.serving.shadow import Asked, Shadow, compare, is_chosen
from atelier.settings import Settings

PHOTO = encoded(PICTURES["T/1"])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Release, Release]:
    """A live release and another that is only staged; the same network but for its categories' sharpness."""
    folder = tmp_path_factory.mktemp("shadow")
    settings = Settings(home=folder, serve_threads=1)
    live = publish(settings, "data-1")
    return folder, live, prepare_release(settings, "data-1", sharpness=30.0)


def settings_of(
    home: tuple[Path, Release, Release], tmp_path: Path, share: float, **changes: Any
) -> Settings:
    """The releases of `home` and a log of the test's own."""
    for name in ("releases", "indexes"):
        (tmp_path / name).symlink_to(home[0] / name)
    values = {"shadow_share": share, "shadow_release": home[2].release_id, "serve_threads": 1}
    return Settings(home=tmp_path, **{**values, **changes})


def wait_until(is_true: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


@contextmanager
def served(settings: Settings) -> Iterator[TestClient]:
    """A server whose shadow is ready."""
    app = create_app(settings)
    with TestClient(app) as client:
        if settings.shadow_share:
            wait_until(lambda: app.state.service.shadow.answerer is not None)
        yield client


def search(client: TestClient, request_id: str, **fields: Any) -> dict[str, Any]:
    response = client.post(
        "/v1/search", files={"photo": PHOTO}, data=fields, headers={"X-Request-ID": request_id}
    )
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def counted(client: TestClient, outcome: str) -> float:
    name = f'atelier_shadow_requests_total{{outcome="{outcome}"}}'
    lines = [line for line in client.get("/metrics").text.splitlines() if line.startswith(name)]
    return float(lines[0].rpartition(" ")[2]) if lines else 0.0


def logged(settings: Settings) -> list[dict[str, Any]]:
    paths = sorted(settings.shadow_dir.glob("*.jsonl"))
    return [json.loads(line) for path in paths for line in path.read_text().splitlines()]


def test_a_shadowed_request_is_compared_and_answered_by_the_live_release_alone(
    home: tuple[Path, Release, Release], tmp_path: Path
) -> None:
    settings = settings_of(home, tmp_path, share=1.0)
    with served(settings) as client:
        answer = search(client, "one", k=5, category="Tshirts", box="2,2,28,38")
        assert answer["release"] == home[1].release_id
        wait_until(lambda: counted(client, "compared") == 1)
    (line,) = logged(settings)
    assert (line["live"], line["shadow"]) == (home[1].release_id, home[2].release_id)
    assert line["request_id"] == "one"
    assert line["live_ids"] == [item["item_id"] for item in answer["items"]]
    assert line["shadow_ids"] == line["live_ids"], "the two see alike, filter and box included"
    assert (line["overlap"], line["same_first"], line["rank_correlation"]) == (1, True, 1)
    assert line["boxed"] is True
    assert line["category"] == "Tshirts"
    assert line["shadow_ms"] > 0
    assert not any(PHOTO[:40].hex() in str(value) for value in line.values()), "no photo is kept"


def test_a_share_is_chosen_by_request_and_a_larger_one_keeps_it() -> None:
    ids = [f"request-{number}" for number in range(4000)]
    small, large = ({i for i in ids if is_chosen(i, share)} for share in (0.1, 0.3))
    assert len(small) / len(ids) == pytest.approx(0.1, abs=0.02)
    assert len(large) / len(ids) == pytest.approx(0.3, abs=0.03)
    assert small < large
    assert not any(is_chosen(i, 0) for i in ids)
    assert all(is_chosen(i, 1) for i in ids)


def test_only_the_share_is_shadowed(home: tuple[Path, Release, Release], tmp_path: Path) -> None:
    ids = [f"request-{number}" for number in range(20)]
    chosen = {each for each in ids if is_chosen(each, 0.3)}
    assert 0 < len(chosen) < 20
    settings = settings_of(home, tmp_path, share=0.3)
    with served(settings) as client:
        for each in ids:
            search(client, each)
        wait_until(lambda: counted(client, "compared") == len(chosen))
    assert {line["request_id"] for line in logged(settings)} == chosen


def test_without_a_share_nothing_is_loaded_or_written(
    home: tuple[Path, Release, Release], tmp_path: Path
) -> None:
    settings = settings_of(home, tmp_path, share=0.0)
    with served(settings) as client:
        search(client, "one")
        assert client.app.state.service.shadow.answerer is None  # type: ignore[attr-defined]
    assert not settings.shadow_dir.exists()


def test_a_share_without_a_release_is_a_wrong_setting() -> None:
    with pytest.raises(ValidationError, match="name the release to run in shadow"):
        Settings(shadow_share=0.1)
    with pytest.raises(ValidationError):
        Settings(shadow_share=1.5, shadow_release="x")


def test_a_release_that_does_not_load_leaves_serving_as_it_is(
    home: tuple[Path, Release, Release], tmp_path: Path
) -> None:
    settings = settings_of(home, tmp_path, share=1.0, shadow_release="19990101T000000-nothing")
    with TestClient(create_app(settings)) as client:
        wait_until(lambda: "atelier_shadow_is_loaded 0.0" in client.get("/metrics").text)
        assert search(client, "one")["release"] == home[1].release_id
        assert client.get("/health").json()["status"] == "ok"


class Blocked:
    """An answerer that waits until it is let go, or fails."""

    def __init__(self, inner: Answerer, error: Exception | None = None) -> None:
        self.release, self.encoder, self.reader = inner.release, inner.encoder, inner.reader
        self.open_photo = inner.open_photo
        self.go = threading.Event()
        self.entered = threading.Event()
        self._inner, self._error = inner, error

    def answer(self, *args: Any, **options: Any) -> Answer:
        self.entered.set()
        self.go.wait(60)
        if self._error is not None:
            raise self._error
        return self._inner.answer(*args, **options)


def asked_of(settings: Settings, live: Release, request_id: str = "r") -> tuple[Asked, Answerer]:
    answerer = open_answerer(settings, live)
    answer = answerer.answer(PICTURES["T/1"], k=5)
    return Asked(request_id, PHOTO, None, None, NO_FILTERS, 5, answer), answerer


def test_a_slow_shadow_drops_what_does_not_fit_and_counts_it(
    home: tuple[Path, Release, Release], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(home, tmp_path, share=1.0)
    asked, _ = asked_of(settings, home[1])
    blocked = Blocked(open_answerer(settings, home[2]))
    shadow = Shadow(settings, load=lambda *_: blocked)  # type: ignore[arg-type]
    shadow.start()
    wait_until(lambda: shadow.answerer is not None)
    assert shadow.offer(asked)
    blocked.entered.wait(60)
    started = time.monotonic()
    taken = [shadow.offer(asked) for _ in range(shadow_room.QUEUE_SIZE + 7)]
    assert time.monotonic() - started < 1, "offering never waits"
    assert taken.count(False) == 7
    value = shadow.metrics.registry.get_sample_value
    assert value("atelier_shadow_requests_total", {"outcome": "dropped"}) == 7
    blocked.go.set()
    wait_until(lambda: value("atelier_shadow_overlap_count") == shadow_room.QUEUE_SIZE + 1)
    monkeypatch.setattr(shadow_room, "QUEUE_BYTES", len(PHOTO) - 1)
    assert not shadow.offer(asked), "nor does a photo that is too large for the room that is left"
    shadow.stop()


def test_a_failing_shadow_is_counted_and_goes_on(home: tuple[Path, Release, Release], tmp_path: Path) -> None:
    settings = settings_of(home, tmp_path, share=1.0)
    asked, _ = asked_of(settings, home[1])
    failing = Blocked(open_answerer(settings, home[2]), error=RuntimeError("broken"))
    failing.go.set()
    shadow = Shadow(settings, load=lambda *_: failing)  # type: ignore[arg-type]
    shadow.start()
    wait_until(lambda: shadow.answerer is not None)
    shadow.offer(asked)
    shadow.offer(asked)
    value = shadow.metrics.registry.get_sample_value
    wait_until(lambda: value("atelier_shadow_requests_total", {"outcome": "failed"}) == 2)
    shadow.stop()
    assert not settings.shadow_dir.exists()


def test_a_release_that_went_live_has_nothing_to_be_compared_with(
    home: tuple[Path, Release, Release], tmp_path: Path
) -> None:
    settings = settings_of(home, tmp_path, share=1.0, shadow_release=home[1].release_id)
    with served(settings) as client:
        search(client, "one")
        wait_until(lambda: counted(client, "same_release") == 1)
    assert logged(settings) == []


def test_comparing_takes_the_depth_of_the_longer_answer(
    home: tuple[Path, Release, Release], tmp_path: Path
) -> None:
    settings = settings_of(home, tmp_path, share=1.0)
    asked, answerer = asked_of(settings, home[1])
    shorter = answerer.answer(PICTURES["T/1"], k=3)
    compared = compare(asked, shorter, "other", seconds=0.25)
    assert (compared.depth, compared.overlap, compared.same_first) == (5, 3 / 5, True)
    assert compared.shadow_ms == 250
