"""Every route over HTTP, on a real release of twelve garments."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image
from serving_world import CATEGORIES, ITEMS, PICTURES, encoded, garment, publish

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


@pytest.mark.parametrize("item_id", PICTURES)
def test_every_item_is_found_by_its_own_picture(client: TestClient, item_id: str) -> None:
    found = search(client, encoded(PICTURES[item_id]), k=1)["items"]
    assert [item["item_id"] for item in found] == [item_id]
    assert found[0]["score"] > 0.999


def test_an_answer_names_its_release_and_gives_every_fact_of_the_items(client: TestClient) -> None:
    answer = search(client, k=3)
    live = client.get("/v1/release").json()
    assert (answer["release"], answer["data_version"]) == (live["release"], "data-1")
    assert answer["category"][0]["name"] == "Tshirts"
    assert sum(guess["probability"] for guess in answer["category"]) == pytest.approx(1, abs=1e-4)
    assert answer["took_ms"] > 0
    assert {
        name: answer["items"][0][name] for name in ("title", "category", "price", "rating", "num_reviews")
    } == {
        "title": "Tshirts number 1",
        "category": "Tshirts",
        "price": 20.0,
        "rating": 4.5,
        "num_reviews": 7,
    }
    scores = [item["score"] for item in answer["items"]]
    assert scores == sorted(scores, reverse=True)


def test_a_box_searches_for_its_part_of_the_photo_alone(client: TestClient) -> None:
    street = np.full((200, 300, 3), 90, np.uint8)
    street[50:90, 100:130] = garment("Jeans", 205)
    assert search(client, encoded(street), box="100,50,130,90", k=1)["items"][0]["item_id"] == "J/1"


def test_a_box_counts_in_pixels_of_the_upright_photo(client: TestClient) -> None:
    street = np.full((200, 300, 3), 90, np.uint8)
    street[50:90, 100:130] = garment("Jeans", 205)
    stream = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # stored a quarter turn to the left of upright
    Image.fromarray(np.rot90(street).copy()).save(stream, "JPEG", quality=95, exif=exif)
    assert search(client, stream.getvalue(), box="100,50,130,90", k=1)["items"][0]["item_id"] == "J/1"


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_box_finds_the_same_on_a_phones_photo_that_is_decoded_small(
    client: TestClient, orientation: int
) -> None:
    street = np.full((2000, 3000, 3), 90, np.uint8)
    street[500:900, 1000:1300] = garment("Jeans", 205, 400, 300)
    stream = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = street if orientation == 1 else np.rot90(street).copy()
    Image.fromarray(stored).save(stream, "JPEG", quality=95, exif=exif)
    found = search(client, stream.getvalue(), box="1000,500,1300,900", k=1)["items"][0]
    assert found["item_id"] == "J/1"
    assert found["score"] > 0.99


def test_a_box_beside_a_photo_that_is_decoded_small_is_refused_with_the_whole_size(
    client: TestClient,
) -> None:
    photo = encoded(np.full((400, 600, 3), 90, np.uint8), "JPEG")
    assert "600 wide and 400 high" in complaint(client, photo, box="700,0,900,100")
    assert "600 wide and 400 high" in complaint(client, photo, box="1e307,0,1e308,100")


def test_more_requests_than_may_be_inside_are_sent_away_for_a_moment(client: TestClient) -> None:
    service = client.app.state.service  # type: ignore[attr-defined]
    service.num_inside += service.settings.serve_queue  # as many as may be inside
    try:
        response = client.post("/v1/search", files={"photo": SHIRT})
    finally:
        service.num_inside -= service.settings.serve_queue
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert "inside already" in response.json()["detail"]
    assert search(client)["items"]


def test_who_waited_too_long_for_a_turn_is_not_worked_on(settings: Settings) -> None:
    impatient = settings.model_copy(update={"serve_patience_seconds": 1e-9})
    with TestClient(create_app(impatient)) as client:
        response = client.post("/v1/search", files={"photo": SHIRT})
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert "for its turn" in response.json()["detail"]


def test_filters_hold_for_every_item_of_the_answer(client: TestClient) -> None:
    by_id = {item.item_id: item for item in ITEMS}
    found = search(
        client, category=["Jeans", "Handbags"], max_price=30, in_stock="true", gender="Women", k=100
    )["items"]
    expected = {
        item.item_id
        for item in ITEMS
        if item.category in ("Jeans", "Handbags")
        and (item.price or 0) <= 30
        and (item.stock or 0) > 0
        and item.gender == "Women"
    }
    assert {item["item_id"] for item in found} == expected
    assert expected and all(by_id[item_id].gender == "Women" for item_id in expected)


def test_pictures_are_served_as_they_lie_in_the_index_and_are_cached(client: TestClient) -> None:
    item = search(client, k=1)["items"][0]
    picture = client.get(item["picture"])
    assert picture.content == encoded(PICTURES[item["item_id"]], "JPEG")
    assert picture.headers["content-type"] == "image/jpeg"
    assert "immutable" in picture.headers["cache-control"]

    again = client.get(item["picture"], headers={"If-None-Match": picture.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = client.get(item["picture"].split("?")[0] + "?release=an-older-one")
    assert other.status_code == 200
    assert "immutable" not in other.headers["cache-control"]


def test_an_item_is_described_by_its_address(client: TestClient) -> None:
    facts = client.get("/v1/items/H%2F3").json()
    assert (facts["title"], facts["gender"], facts["stock"]) == ("Handbags number 3", "Men", 3)
    assert client.get(facts["picture"]).status_code == 200


@pytest.mark.parametrize("path", ["/v1/items/nobody", "/v1/pictures/nobody"])
def test_unknown_items_are_not_found(client: TestClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert "nobody" in response.json()["detail"]


def test_health_and_release_say_what_is_live(client: TestClient) -> None:
    health, release = client.get("/health").json(), client.get("/v1/release").json()
    assert (health["status"], health["rows"], health["data_version"]) == ("ok", 12, "data-1")
    assert health["release"] == release["release"]
    assert health["failure"] is None
    assert release["categories"] == sorted(CATEGORIES)
    assert client.get("/health/live").json() == {"status": "alive"}


def test_a_box_beside_the_photo_is_refused_with_the_photos_size(client: TestClient) -> None:
    assert "30 wide and 40 high" in complaint(client, box="500,0,600,40")


def test_an_unknown_category_is_refused_with_one_near_it(client: TestClient) -> None:
    assert "Tshirts" in complaint(client, category="Tshirt")


def test_a_text_is_answered_alone_or_beside_a_photo(client: TestClient) -> None:
    wanted = ITEMS[5]
    response = client.post("/v1/search", data={"text": wanted.title, "k": "3"})
    assert response.status_code == 200, response.text
    assert wanted.item_id in [item["item_id"] for item in response.json()["items"]]
    assert response.json()["category"] == [], "a text shows nothing"
    both = search(client, encoded(PICTURES[wanted.item_id]), text=wanted.title, k=1)
    assert [item["item_id"] for item in both["items"]] == [wanted.item_id]
    refused = client.post("/v1/search", data={"text": "?!"})
    assert refused.status_code == 422
    assert "expected words" in refused.json()["detail"]


def bomb() -> bytes:
    """A PNG of some hundred bytes that claims 13,000 x 13,000 pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", 13_000, 13_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0"))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    "photo",
    [
        b"",
        b"not a picture",
        SHIRT[: len(SHIRT) // 2],
        bomb(),
        encoded(np.zeros((1, 1, 3), np.uint8)),
        b"GIF89a",
    ],
    ids=["empty", "text", "truncated", "bomb", "one pixel", "header only"],
)
def test_what_cannot_be_decoded_is_refused(client: TestClient, photo: bytes) -> None:
    assert complaint(client, photo)
