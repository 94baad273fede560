"""Searches in this process, by a photo or by words."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_runner import printed, refusal
from serving_world import PICTURES, encoded, publish

from atelier.settings import Settings


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    publish(Settings(home=home), "d1")
    return home


@pytest.fixture
def photo(tmp_path: Path) -> str:
    path = tmp_path / "photo.png"
    path.write_bytes(encoded(PICTURES["T/1"]))
    return str(path)


def test_an_item_is_found_by_its_own_picture_and_drawn(home: Path, photo: str, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    answer = printed(home, "search", photo, "--k", "3", "--picture", str(sheet))
    assert answer["items"][0]["item_id"] == "T/1"
    assert len(answer["items"]) == 3
    assert sheet.read_bytes().startswith(b"\x89PNG")


def test_a_category_narrows_the_answer(home: Path, photo: str) -> None:
    found = printed(home, "search", photo, "--category", "Jeans")["items"]
    assert {item["category"] for item in found} == {"Jeans"}


@pytest.mark.parametrize("box", ["1,2,3", "30,0,10,40", "nan,0,1,1"])
def test_what_is_no_box_is_refused(home: Path, photo: str, box: str) -> None:
    assert "x0,y0,x1,y1" in refusal(home, "search", photo, "--box", box)


def test_a_photo_that_is_not_there_is_named(home: Path, tmp_path: Path) -> None:
    assert "none.jpg" in refusal(home, "search", str(tmp_path / "none.jpg"))
