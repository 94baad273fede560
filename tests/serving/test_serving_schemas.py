"""Fields of a search say what they take."""

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


def complaint(client: TestClient, photo: bytes = SHIRT, **fields: Any) -> str:
    """The detail of a 422."""
    response = client.post("/v1/search", files={"photo": ("photo.png", photo)}, data=fields)
    assert response.status_code == 422, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == 422
    assert problem["request_id"] == response.headers["x-request-id"]
    return str(problem["detail"])


def test_empty_fields_are_as_if_they_were_not_sent(client: TestClient) -> None:
    answer = search(client, box="", category="", max_price="", gender="", k="")
    assert len(answer["items"]) == 10


@pytest.mark.parametrize(
    "box", ["1,2,3", "a,b,c,d", "30,0,10,40", "0,0,0,40", "nan,0,10,10", "0,0,inf,10", "1,2,3,4,5"]
)
def test_what_is_no_box_is_refused_with_the_right_form(client: TestClient, box: str) -> None:
    assert "x0,y0,x1,y1" in complaint(client, box=box)


@pytest.mark.parametrize("k", ["0", "101", "many", "-1"])
def test_a_number_of_answers_out_of_range_is_refused(client: TestClient, k: str) -> None:
    assert complaint(client, k=k).startswith("k: ")


@pytest.mark.parametrize("price", ["-1", "0", "cheap", "nan"])
def test_a_price_that_is_none_is_refused(client: TestClient, price: str) -> None:
    assert complaint(client, max_price=price).startswith("max_price: ")


def test_a_misspelt_field_is_refused_rather_than_ignored(client: TestClient) -> None:
    assert "categories: there is no such field" in complaint(client, categories="Jeans")


def test_a_request_that_asks_for_nothing_is_refused(client: TestClient) -> None:
    for response in (
        client.post("/v1/search", data={"k": "3"}),
        client.post("/v1/search", json={"photo": "text"}),
        client.post("/v1/search"),
    ):
        assert response.status_code == 422
        assert "expected a photo, a text, or both" in response.json()["detail"]
    response = client.post("/v1/search", data={"photo": "text"})
    assert response.status_code == 422
    assert response.json()["detail"].startswith("photo: ")
