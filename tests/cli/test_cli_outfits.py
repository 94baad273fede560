"""Sets around items, in bulk and as pictures, from the live release."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_runner import printed, refusal, run
from families_world import publish_whole
from PIL import Image

from atelier.settings import Settings


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    publish_whole(Settings(home=home), tmp_path_factory.mktemp("files"))
    return home


def test_sets_hold_the_items_they_are_made_around(home: Path) -> None:
    answer = printed(home, "outfit", "J/1", "--rules", "wear", "--k", "2")
    assert len(answer["sets"]) == 2
    assert all(each["pieces"][0]["item_id"] == "J/1" for each in answer["sets"])


def test_a_set_becomes_a_picture(home: Path, tmp_path: Path) -> None:
    out = tmp_path / "set.png"
    size = ("--width", "120", "--height", "100")
    facts = printed(home, "collage", "top=T/0", "bottom=J/1", "--out", str(out), *size)
    assert facts["picture"] == str(out)
    with Image.open(out) as picture:
        assert picture.size == (120, 100)


@pytest.mark.parametrize("piece", ["top", "=T/0", "top="])
def test_a_piece_is_a_slot_and_an_item(home: Path, piece: str) -> None:
    assert "expected SLOT=ITEM_ID" in refusal(home, "collage", piece)


def test_unknown_rules_and_items_are_refused(home: Path) -> None:
    assert "expected a file or one of wear" in refusal(home, "outfit", "J/1", "--rules", "none")
    assert "has no item 'X/1'" in refusal(home, "outfit", "X/1", "--rules", "wear")
    assert run(home, "outfit", "J/1").exit_code == 2, "rules must be named"
