"""A release with a detector finds the item of a cluttered photo itself, and tells what else it saw."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from damage import overwrite
from fastapi.testclient import TestClient
from PIL import Image
from serving_world import PICTURES, encoded, garment, publish
from toy_detector import KINDS, cluttered

from atelier.errors import DigestError
from atelier.families.detection.inference import CONTRACT_FILE
from atelier.release.store import folder_of, live
from atelier.serving.app import create_app
from atelier.serving.loader import open_answerer
from atelier.serving.run import search
from atelier.settings import Settings


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = Settings(home=tmp_path_factory.mktemp("shop"), serve_threads=1)
    publish(settings, "data-1", with_detector=True)
    return settings


@pytest.fixture(scope="module")
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


def street() -> np.ndarray:
    """Bright clutter with dark jeans in its lower right, where the toy detector's two looks end."""
    photo = cluttered(320, 240)
    photo[220:320, 165:240] = garment("Jeans", 205, 100, 75) // 3
    return photo


def ask(client: TestClient, photo: bytes, **fields: Any) -> dict[str, Any]:
    response = client.post("/v1/search", files={"photo": ("photo.png", photo)}, data=fields)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def test_the_chosen_box_is_searched_for_and_all_boxes_are_told(client: TestClient) -> None:
    answer = ask(client, encoded(street()))
    assert answer["boxes"][0] == {
        "box": [165, 220, 240, 320],
        "category": KINDS[1],
        "score": pytest.approx(0.9, abs=0.01),
        "chosen": True,
    }
    assert [box["chosen"] for box in answer["boxes"][1:]] == [False] * (len(answer["boxes"]) - 1)
    named = ask(client, encoded(street()), box="165,220,240,320")
    assert named["boxes"] == [], "a caller who names a box is not told of others"
    assert named["items"][0]["item_id"] == answer["items"][0]["item_id"]
    for item, other in zip(named["items"][:3], answer["items"][:3], strict=True):
        assert item["score"] == pytest.approx(other["score"], abs=0.01), (
            "a guessed box is looked at more widely"
        )


def test_boxes_of_a_photo_that_was_decoded_small_are_in_its_own_pixels(client: TestClient) -> None:
    large = Image.fromarray(street()).resize((1920, 2560), Image.Resampling.NEAREST)
    stream = io.BytesIO()
    large.save(stream, "JPEG", quality=90)
    (box, *_) = ask(client, stream.getvalue())["boxes"]
    np.testing.assert_allclose(box["box"], np.asarray([165, 220, 240, 320]) * 8, atol=40)


def test_a_plain_photo_is_answered_as_without_a_detector(client: TestClient, tmp_path: Path) -> None:
    plain = np.full((80, 60, 3), 255, np.uint8)
    plain[20:60, 15:45] = PICTURES["T/1"]
    other = Settings(home=tmp_path, serve_threads=1)
    publish(other, "data-1")
    photo = tmp_path / "plain.png"
    Image.fromarray(plain).save(photo)
    answer = ask(client, photo.read_bytes())
    without = search(other, photo)
    assert [item["item_id"] for item in answer["items"]] == [hit.item_id for hit in without.items]
    assert answer["items"][0]["score"] == pytest.approx(without.items[0].score, abs=1e-6)
    assert [box["category"] for box in answer["boxes"]] == ["item"]
    assert without.boxes == ()


def test_health_and_release_say_whether_there_is_a_detector(client: TestClient, tmp_path: Path) -> None:
    assert client.get("/health").json()["finds_items"] is True
    assert len(client.get("/v1/release").json()["detector_digest"]) == 64
    older = Settings(home=tmp_path, serve_threads=1)
    publish(older, "data-1")
    with TestClient(create_app(older)) as old:
        assert old.get("/health").json()["finds_items"] is False
        assert old.get("/v1/release").json()["detector_digest"] is None
        assert ask(old, encoded(street()))["boxes"] == []


def test_the_metrics_know_the_stage(client: TestClient) -> None:
    ask(client, encoded(street()))
    assert 'stage="detect"' in client.get("/metrics").text


def test_a_detector_whose_contract_was_changed_is_not_loaded(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, serve_threads=1)
    release = publish(settings, "data-1", with_detector=True)
    path = folder_of(settings, release, "detection") / CONTRACT_FILE
    overwrite(path, path.read_bytes().replace(b"0.6", b"0.7"))
    with pytest.raises(DigestError, match=f"detection/{CONTRACT_FILE}"):
        open_answerer(settings, live(settings))
