"""What the command line calls gives plain values and files, or leaves nothing behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from families_world import publish_whole
from PIL import Image

from atelier.errors import CollageError, QueryError
from atelier.pictures import ENDINGS
from atelier.settings import Settings
from atelier.styling.run import collage, outfit
from atelier.styling.stylist import Wishes

BOXES = {"left": [10, 10, 55, 90], "right": [65, 10, 110, 90]}
PIECES = (("top", "T/0"), ("bottom", "J/1"))


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    publish_whole(settings, tmp_path_factory.mktemp("files"))
    return settings


def test_sets_are_plain_values_the_best_first(settings: Settings) -> None:
    answer = json.loads(json.dumps(outfit(settings, ["J/1"], "wear", Wishes(num=2))))
    assert (answer["rules"], answer["user"]) == ("wear", None)
    first, second = answer["sets"]
    assert first["score"] >= second["score"]
    assert first["pieces"][0] == {
        "slot": "bottom",
        "item_id": "J/1",
        "title": "Jeans number 1",
        "category": "Jeans",
        "price": 20.0,
    }


@pytest.mark.parametrize("suffix", sorted(ENDINGS))
def test_a_picture_is_written_in_the_format_that_its_name_ends_with(
    settings: Settings, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"set{suffix.upper()}"
    collage(settings, PIECES, path, texts={}, size=(120, 100))
    with Image.open(path) as picture:
        assert (picture.size, picture.format) == ((120, 100), ENDINGS[suffix])


def test_a_template_may_be_a_file_of_the_person_at_the_terminal(settings: Settings, tmp_path: Path) -> None:
    own = {"name": "mine", "canvas": [120, 100], "background": {"colour": "#00ff00"}}
    own["boxes"] = [{"slots": ["*"], "name": name, "box": box} for name, box in BOXES.items()]
    (tmp_path / "mine.json").write_text(json.dumps(own))
    made = collage(
        settings,
        PIECES,
        tmp_path / "set.png",
        texts={},
        template=str(tmp_path / "mine.json"),
        size=(480, 400),
    )
    assert made.template == "mine"
    with pytest.raises(CollageError, match=r"none\.json does not exist"):
        collage(settings, PIECES, tmp_path / "no.png", texts={}, template=str(tmp_path / "none.json"))
    assert not (tmp_path / "no.png").exists()


def test_a_name_of_no_known_format_is_refused_before_anything_is_drawn(
    settings: Settings, tmp_path: Path
) -> None:
    with pytest.raises(CollageError, match=r"set\.gif: expected a name that ends with \.jpg"):
        collage(settings, PIECES, tmp_path / "set.gif", texts={})


def test_nothing_is_written_on_an_error(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(QueryError, match="no item 'T/99'"):
        collage(settings, [("top", "T/99")], tmp_path / "set.png", texts={})
    assert list(tmp_path.iterdir()) == []
