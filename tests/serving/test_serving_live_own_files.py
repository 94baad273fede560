"""A designer's or operator's broken file: searching goes on, and the health page names it."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from serving_world import PICTURES, encoded, publish

from atelier.serving.app import create_app
from atelier.settings import Settings


def test_broken_files_are_named_and_do_not_stop_searching(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(home=tmp_path, serve_threads=1)
    for folder, name in ((settings.templates_dir, "half.json"), (settings.rules_dir, "half.yaml")):
        folder.mkdir()
        (folder / name).write_text('{"name": ')
        (folder / f"._{name}").write_bytes(b"\0\5\x16\7")
    publish(settings, "data-1")
    with TestClient(create_app(settings)) as client:
        answer = client.post("/v1/search", files={"photo": encoded(PICTURES["T/1"])}, data={"k": "1"})
        assert answer.json()["items"][0]["item_id"] == "T/1"
        health = client.get("/health").json()
        assert health["status"] == "ok"
        assert [each.split(",")[0] for each in health["left_out"]] == [
            "templates/half.json",
            "rules/half.yaml",
        ]
        assert str(tmp_path) not in str(health)
        collage = {"pieces": [{"slot": "top", "item_id": "T/1"}]}
        assert client.post("/v1/collages", json=collage).status_code == 200
        unknown = client.post("/v1/collages", json={**collage, "template": "Half"})
        assert unknown.status_code == 422
        assert "left out: templates/half.json" in unknown.json()["detail"]
    assert "left out: templates/half.json, line 1" in caplog.text
