"""Sets of a trained outfit model over HTTP, by the operators' own rules."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from shared_worlds import moved_copy
from styling_world import a_top, own_rules

from atelier.jobs.release.publish import publish
from atelier.serving.app import create_app
from atelier.settings import Settings


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, styling_home: Path) -> Settings:
    return Settings(home=moved_copy(styling_home, tmp_path_factory.mktemp("copy") / "home"), serve_threads=1)


def test_outfits_are_served_over_http(settings: Settings) -> None:
    top = a_top(settings)
    own_rules(settings)
    publish(settings, progress=False)
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        assert "wear" in client.get("/v1/rules").json()["rules"]
        answer = client.post("/v1/outfits", json={"items": [top], "rules": "wear", "k": 2}).json()
        assert [each["pieces"][0]["item_id"] for each in answer["sets"]] == [top, top]
        first = answer["sets"][0]
        assert {piece["slot"] for piece in first["pieces"]} == {"top", "bottom", "shoes"}
        assert first["price"] == pytest.approx(sum(piece["price"] for piece in first["pieces"]))
        assert client.get(first["pieces"][1]["picture"]).status_code == 200
        for body, message in (
            ({"items": ["nothing"], "rules": "wear"}, "has no item 'nothing'"),
            ({"items": [top], "rules": "none"}, "rules: expected one of"),
            ({"items": [top], "rules": "bedroom"}, "no item of release"),
        ):
            refused = client.post("/v1/outfits", json=body)
            assert refused.status_code == 422
            assert message in refused.json()["detail"]
