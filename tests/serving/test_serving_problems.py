"""Errors are problems in words, and a fault of ours tells no secrets."""

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


def test_a_body_that_is_no_form_is_refused(client: TestClient) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    response = client.post("/v1/search", content=b"--y\r\nrubbish", headers=headers)
    assert 400 <= response.status_code < 500


def test_a_fault_of_ours_is_a_problem_too_and_tells_no_secrets(settings: Settings) -> None:
    app = create_app(settings)
    with TestClient(app, raise_server_exceptions=False) as client:
        app.state.service.live.current.reader._thumbnail = None  # stands for any mistake in our own code
        response = client.get("/v1/pictures/T%2F1")
    assert response.status_code == 500
    assert response.json()["title"] == "Internal Server Error"
    assert "NoneType" not in response.text
