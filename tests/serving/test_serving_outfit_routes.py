"""Outfits and collages over HTTP, on a release of twelve garments that makes no sets."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image
from serving_world import PICTURES, publish

from atelier.serving.app import create_app
from atelier.settings import Settings


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    settings = Settings(home=tmp_path_factory.mktemp("shop"), serve_threads=1, fonts="")
    publish(settings, "data-1")
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


def pieces(num: int = 3) -> list[dict[str, str]]:
    return [{"slot": f"slot {n}", "item_id": item_id} for n, item_id in enumerate(list(PICTURES)[:num])]


def complaint(client: TestClient, path: str, status: int, **body: Any) -> str:
    response = client.post(path, json=body)
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    return str(response.json()["detail"])


def test_a_release_without_an_outfit_model_says_so(client: TestClient) -> None:
    assert "makes no sets" in complaint(client, "/v1/outfits", 503, items=["T/1"], rules="womens-wear")
    assert client.get("/v1/rules").status_code == 503


@pytest.mark.parametrize(("kind", "pillow"), [("jpeg", "JPEG"), ("png", "PNG"), ("webp", "WEBP")])
def test_a_set_comes_back_as_a_picture(client: TestClient, kind: str, pillow: str) -> None:
    body = {"pieces": pieces(), "format": kind, "width": 320, "height": 320}
    response = client.post("/v1/collages", json=body)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == f"image/{kind}"
    assert response.headers["x-template"]
    image = Image.open(io.BytesIO(response.content))
    assert (image.format, image.size) == (pillow, (320, 320))
    assert len(set(image.convert("RGB").resize((16, 16)).getdata())) > 8, "something is drawn"


def test_the_same_wishes_give_the_same_picture(client: TestClient) -> None:
    first, again = (
        client.post("/v1/collages", json={"pieces": pieces(), "width": 200}).content for _ in range(2)
    )
    assert first == again


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"pieces": []}, "pieces: list should have at least 1 item"),
        ({"pieces": [{"slot": "top", "item_id": "nothing"}]}, "has no item 'nothing'"),
        ({"pieces": pieces(), "template": "nowhere"}, "template: expected one of"),
        ({"pieces": pieces(), "texts": {"title": "x"}}, "fonts: no file or folder is named"),
        ({"pieces": pieces(), "size": 9}, "size: there is no such field; expected those that /docs lists"),
        ({"pieces": pieces(), "width": 9}, "width: input should be greater than or equal to 64"),
    ],
)
def test_what_cannot_be_drawn_says_why(client: TestClient, body: dict[str, Any], message: str) -> None:
    assert message in complaint(client, "/v1/collages", 422, **body)
