"""Every route over HTTP, on a real release of twelve garments."""

from __future__ import annotations

import io
import re
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


def test_empty_fields_are_as_if_they_were_not_sent(client: TestClient) -> None:
    answer = search(client, box="", category="", max_price="", gender="", k="")
    assert len(answer["items"]) == 10


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


def test_the_documentation_describes_every_route_with_its_problems(client: TestClient) -> None:
    viewer = client.get("/docs")
    assert viewer.status_code == 200
    for address in re.findall(r'(?:src|href)="([^"]+)"', viewer.text):
        assert address.startswith("/"), f"the viewer loads {address} from elsewhere"
        assert client.get(address).status_code == 200
    paths = client.get("/openapi.json").json()["paths"]
    assert set(paths["/v1/search"]["post"]["responses"]) >= {"200", "413", "422", "503"}
    assert "multipart/form-data" in paths["/v1/search"]["post"]["requestBody"]["content"]


def test_the_page_is_served_and_loads_nothing_from_elsewhere(client: TestClient) -> None:
    page = client.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "http://" not in page.text and "https://" not in page.text


def test_a_plain_request_id_is_kept_and_another_replaced(client: TestClient) -> None:
    assert client.get("/health", headers={"X-Request-ID": "mine-7"}).headers["x-request-id"] == "mine-7"
    assert client.get("/health", headers={"X-Request-ID": 'a"} b'}).headers["x-request-id"] != 'a"} b'


@pytest.mark.parametrize(
    "box", ["1,2,3", "a,b,c,d", "30,0,10,40", "0,0,0,40", "nan,0,10,10", "0,0,inf,10", "1,2,3,4,5"]
)
def test_what_is_no_box_is_refused_with_the_right_form(client: TestClient, box: str) -> None:
    assert "x0,y0,x1,y1" in complaint(client, box=box)


def test_a_box_beside_the_photo_is_refused_with_the_photos_size(client: TestClient) -> None:
    assert "30 wide and 40 high" in complaint(client, box="500,0,600,40")


def test_an_unknown_category_is_refused_with_one_near_it(client: TestClient) -> None:
    assert "Tshirts" in complaint(client, category="Tshirt")


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
