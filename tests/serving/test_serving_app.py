"""The application documents itself and loads nothing from elsewhere."""

from __future__ import annotations

import re
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
