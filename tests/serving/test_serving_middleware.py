"""Around every request: an id, and a bound on its body."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from serving_world import publish

from atelier.serving.app import create_app
from atelier.settings import Settings


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = Settings(home=tmp_path_factory.mktemp("shop"), max_upload_bytes=300_000, serve_threads=1)
    publish(settings, "data-1")
    return settings


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


def test_a_plain_request_id_is_kept_and_another_replaced(client: TestClient) -> None:
    assert client.get("/health", headers={"X-Request-ID": "mine-7"}).headers["x-request-id"] == "mine-7"
    assert client.get("/health", headers={"X-Request-ID": 'a"} b'}).headers["x-request-id"] != 'a"} b'


def test_an_upload_over_the_limit_is_refused_while_it_streams(client: TestClient, settings: Settings) -> None:
    response = client.post("/v1/search", files={"photo": ("photo.jpg", bytes(2 * settings.max_upload_bytes))})
    assert response.status_code == 413
    assert "300,000 bytes" in response.json()["detail"]


def test_an_endless_upload_without_a_length_is_cut_off(client: TestClient, settings: Settings) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        yield b'--x\r\nContent-Disposition: form-data; name="photo"; filename="p.jpg"\r\n\r\n'
        while sent < 40 * settings.max_upload_bytes:
            sent += 65_536
            yield bytes(65_536)

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    assert client.post("/v1/search", content=endless(), headers=headers).status_code == 413
