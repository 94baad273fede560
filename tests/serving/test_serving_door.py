"""What requests may name and in which form: templates, users, numbers and days; and HEAD on every address."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image
from serving_world import PICTURES, encoded, publish
from test_serving_feed import publish_with_ranker

from atelier.delivery.feed_log import read_feeds
from atelier.serving.app import create_app
from atelier.settings import Settings

DAY = "2026-01-05"
SHIRT = encoded(PICTURES["T/1"])


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("door")
    settings = Settings(home=folder / "home", serve_threads=1)
    publish_with_ranker(settings, folder)
    return settings


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


def collage(client: TestClient, **fields: Any) -> Any:
    return client.post("/v1/collages", json={"pieces": [{"slot": "top", "item_id": "T/1"}], **fields})


@pytest.mark.parametrize("suffix", [".json", ".JSON", ""])
def test_a_template_in_a_request_is_a_name_and_never_a_path(
    client: TestClient, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"secret{suffix}"
    path.write_text(json.dumps({"password": "hunter2", "name": "mine"}))
    for given in (str(path), f"../../{path}", f"file://{path}"):
        refused = collage(client, template=given)
        unknown = collage(client, template="nowhere")
        assert (refused.status_code, unknown.status_code) == (422, 422)
        assert "password" not in refused.text and "hunter2" not in refused.text
        as_unknown = refused.json()["detail"].split(", got ")[0]
        assert as_unknown == unknown.json()["detail"].split(", got ")[0]


@pytest.mark.parametrize(
    "fields",
    [
        {"template": "x" * 100_000},
        {"texts": {"x" * 100_000: "y"}},
        {"pieces": [{"slot": "x" * 100_000, "item_id": "T/1"}]},
        {"pieces": [{"slot": "top", "item_id": "x" * 100_000}]},
        {"pieces": [{"slot": "top", "item_id": "\x00"}]},
        {"seed": 10**30},
        {"seed": "7"},
        {"width": "320"},
        {"texts": {f"text {number}": "x" for number in range(200)}},
        {f"field {number}": "x" for number in range(1000)},
    ],
)
def test_what_a_request_names_is_bounded_and_repeated_only_in_part(
    client: TestClient, fields: dict[str, Any]
) -> None:
    response = collage(client, **fields)
    assert response.status_code == 422, response.text
    assert len(response.text) < 3_000


@pytest.mark.parametrize("num_texts", [1, 5, 12, 18, 19, 20, 32])
@pytest.mark.parametrize("size", [(800, 800), (64, 2048), (2048, 64), (64, 64)])
def test_many_texts_are_laid_out_or_refused(
    client: TestClient, num_texts: int, size: tuple[int, int]
) -> None:
    texts = {f"text {number}": "x" for number in range(num_texts)}
    response = collage(client, texts=texts, width=size[0], height=size[1])
    assert response.status_code in (200, 422), response.text
    if num_texts >= 18 and size[0] >= size[1]:
        assert response.status_code == 422
        assert "texts leave the pieces" in response.json()["detail"]


@pytest.mark.parametrize(
    "address",
    [
        "ann/",
        "/ann",
        "ann//",
        "%2Fann",
        "ann%2F",
        "ann%20",
        "%20ann",
        "%20",
        "a%0Ab",
        "a%00",
        "%E9",
        "a" * 201,
        "",
    ],
)
def test_an_address_names_one_user_or_nobody(client: TestClient, settings: Settings, address: str) -> None:
    response = client.get(f"/v1/feed/{address}", params={"num": 1, "day": DAY})
    assert response.status_code == 404, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert [
        feed.user_id for feed in read_feeds(settings.feeds_dir) if feed.user_id.strip("/ ") == "ann"
    ] == []


@pytest.mark.parametrize(
    ("address", "user"), [("a/b", "a/b"), ("a%2Fb", "a/b"), ("%5B%2Fx%5D", "[/x]"), ("%E5%B0%8F", "小")]
)
def test_a_user_may_have_a_slash_inside_or_be_of_any_script(
    client: TestClient, address: str, user: str
) -> None:
    assert client.get(f"/v1/feed/{address}", params={"num": 1}).json()["user_id"] == user


@pytest.mark.parametrize("user", ["ann/", " ann", "", "a\nb", "\ud800", "a" * 201])
def test_a_user_in_a_body_is_checked_alike(client: TestClient, user: str) -> None:
    body = json.dumps({"items": ["T/1"], "rules": "x", "user": user})
    response = client.post("/v1/outfits", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code in (400, 422), response.text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("day", "1767571200"),
        ("day", "20260105"),
        ("day", "2026-01-05T00:00:00"),
        ("day", "2026-1-5"),
        ("day", "2026-02-30"),
        ("day", "٢٠٢٦-٠١-٠٥"),
        ("num", "5.0"),
        ("num", "+5"),
        ("num", "1_0"),
        ("num", " 5"),
        ("num", "٥"),
        ("num", "true"),
    ],
)
def test_a_parameter_has_one_documented_form(client: TestClient, name: str, value: str) -> None:
    response = client.get("/v1/feed/bea", params={name: value})
    assert response.status_code == 422, response.text
    assert response.json()["detail"].startswith(f"{name}: ")


def test_the_documented_forms_are_taken(client: TestClient) -> None:
    answer = client.get("/v1/feed/bea", params={"num": "5", "day": DAY}).json()
    assert (answer["day"], len(answer["sets"])) == (DAY, 5)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("k", "1_0"),
        ("k", "5.0"),
        ("k", "+5"),
        ("max_price", "1e3"),
        ("max_price", "inf"),
        ("max_price", "1_0"),
    ]
    + [("in_stock", value) for value in ("yes", "1", "on", "True", "t")]
    + [("box", value) for value in ("1_0,0,20,40", "٠,0,20,40", "0,0,20,Infinity")],
)
def test_a_field_of_a_search_has_one_documented_form(client: TestClient, name: str, value: str) -> None:
    response = client.post("/v1/search", files={"photo": SHIRT}, data={name: value})
    assert response.status_code == 422, response.text
    assert response.json()["detail"].startswith(f"{name}: ")


def gettable(client: TestClient) -> list[str]:
    """Every GET address of the interface and of its pages, with something to get."""
    paths = client.get("/openapi.json").json()["paths"]
    known = [path for path, methods in paths.items() if "get" in methods]
    named = {"{item_id}": "T%2F1", "{user_id}": "ann"}
    for name, value in named.items():
        known = [path.replace(name, value) for path in known]
    return [*known, "/", "/docs", "/openapi.json", "/docs/oauth2-redirect"]


def test_head_answers_as_get_without_a_body_on_every_address(client: TestClient) -> None:
    addresses = gettable(client)
    assert {"/health", "/v1/items/T%2F1", "/v1/feed/ann", "/metrics"} <= set(addresses)
    for address in addresses:
        got, head = client.get(address), client.head(address)
        assert (head.status_code, head.content) == (got.status_code, b""), address
        assert head.headers.get("content-type") == got.headers.get("content-type"), address
        if address != "/metrics":  # its length changes with each request
            assert head.headers.get("content-length") == got.headers.get("content-length"), address
    assert client.head("/nowhere").status_code == 404
    refused = client.head("/v1/search")
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
    assert "HEAD" in client.delete("/health").headers["allow"]


def test_head_is_counted_as_head_at_its_route(client: TestClient) -> None:
    client.head("/v1/items/nobody")
    counted = 'atelier_requests_total{method="HEAD",route="/v1/items/{item_id:path}",status="404"}'
    assert counted in client.get("/metrics").text


def test_a_head_of_a_feed_shows_nothing_so_it_logs_nothing(client: TestClient, settings: Settings) -> None:
    assert client.head("/v1/feed/zoe").status_code == 200
    assert "zoe" not in {feed.user_id for feed in read_feeds(settings.feeds_dir)}
    assert client.get("/v1/feed/zoe").status_code == 200
    assert "zoe" in {feed.user_id for feed in read_feeds(settings.feeds_dir)}


def test_a_feed_that_cannot_be_logged_is_not_shown(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", serve_threads=1)
    publish_with_ranker(settings, tmp_path)
    settings.stores_dir.mkdir(exist_ok=True)
    settings.feeds_dir.write_text("a file where the folder should be")
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        response = client.get("/v1/feed/ann")
        assert response.status_code == 503
        assert response.headers["retry-after"] == "30"
        assert str(settings.feeds_dir) in response.json()["detail"]
        assert client.post("/v1/search", files={"photo": SHIRT}).status_code == 200
        settings.feeds_dir.unlink()
        assert client.get("/v1/feed/ann").status_code == 200, "without a restart"


def test_an_own_template_takes_the_place_of_a_library_template_of_its_name(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, serve_threads=1, fonts="")
    settings.templates_dir.mkdir()
    own = {"name": "Three under a headline", "canvas": [1000, 500], "background": {"colour": "#ff0000"}}
    own["boxes"] = [{"slots": ["*"], "box": [400, 100, 600, 400]}]
    (settings.templates_dir / "three.json").write_text(json.dumps(own))
    publish(settings, "data-1")
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        response = collage(client, template=own["name"], width=800, height=400, format="png")
    assert response.status_code == 200, response.text
    assert response.headers["x-template"] == "Three%20under%20a%20headline"
    assert Image.open(io.BytesIO(response.content)).getpixel((2, 2)) == (255, 0, 0)
