"""Requests are counted by route, and every stage is timed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from serving_world import PICTURES, encoded, publish

from atelier.serving.app import create_app
from atelier.settings import Settings

SHIRT = encoded(PICTURES["T/1"])


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = Settings(home=tmp_path_factory.mktemp("shop"), max_upload_bytes=300_000, serve_threads=1)
    publish(settings, "data-1")
    return settings


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


def search(client: TestClient, photo: bytes = SHIRT, **fields: Any) -> dict[str, Any]:
    response = client.post("/v1/search", files={"photo": ("photo.png", photo)}, data=fields)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def test_metrics_count_requests_by_route_and_time_every_stage(client: TestClient) -> None:
    def value(line_start: str) -> float:
        lines = client.get("/metrics").text.splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(line_start))

    searches = 'atelier_requests_total{method="POST",route="/v1/search",status="200"}'
    before = value(searches)
    search(client)
    client.get("/v1/items/nobody")
    assert value(searches) == before + 1
    assert value('atelier_requests_total{method="GET",route="/v1/items/{item_id:path}",status="404"}') >= 1
    for stage in ("wait", "decode", "embed", "search"):
        assert value(f'atelier_stage_seconds_count{{stage="{stage}"}}') >= before + 1
    assert value('atelier_live_release_info{data_version="data-1"') == 1
    assert value("atelier_live_release_rows") == 12
    assert value("atelier_release_load_failures_total") == 0
