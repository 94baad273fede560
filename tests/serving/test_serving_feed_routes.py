"""Questions for feeds that are wrong, or come too early, are problems in words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from families_world import publish_with, write_ranker
from fastapi.testclient import TestClient
from serving_world import publish

from atelier.release.manifest import Release
from atelier.serving.app import create_app
from atelier.serving.live import LiveRelease
from atelier.settings import Settings


def publish_with_ranker(settings: Settings, folder: Path) -> Release:
    """The twelve garments' release, with a ranker."""
    return publish_with(settings, ranking=write_ranker(folder))


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("feeds"), serve_threads=1)


@pytest.fixture(scope="module")
def release(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Release:
    return publish_with_ranker(settings, tmp_path_factory.mktemp("ranker"))


@pytest.fixture(scope="module")
def client(settings: Settings, release: Release) -> Iterator[TestClient]:
    assert release.release_id, "the feeds of this release are asked for"
    with TestClient(app_of(settings), raise_server_exceptions=False) as client:
        yield client


def app_of(settings: Settings) -> Any:
    return create_app(settings, LiveRelease(settings))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"num": 0}, "num: input should be greater than or equal to 1"),
        ({"num": 101}, "num: input should be less than or equal to 100"),
        ({"num": "many"}, "num: input should be a valid integer"),
        ({"day": "Monday"}, "day: input should be a valid date"),
    ],
)
def test_a_bad_question_is_a_problem_that_says_what_to_change(
    client: TestClient, params: dict[str, Any], message: str
) -> None:
    response = client.get("/v1/feed/ann", params=params)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    assert message in response.json()["detail"]


def test_without_a_ranker_there_are_no_feeds_yet(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, serve_threads=1)
    publish(settings, "data-1")
    with TestClient(app_of(settings), raise_server_exceptions=False) as client:
        response = client.get("/v1/feed/ann")
        assert response.status_code == 503
        assert "has no ranker" in response.json()["detail"]
        assert response.headers["retry-after"]
