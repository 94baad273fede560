"""What readers of layouts share: JSON that must be there, and the largest of several sizes."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
from layouts_world import jpeg, write

from atelier.datasets.files import Files
from atelier.datasets.layouts.layout import Folder, Pictures, raw_photo, read_json, read_largest
from atelier.errors import DropError
from atelier.pictures import size
from atelier.vocabulary import Photo


def _folder(root: Path) -> Folder:
    return Folder(PurePosixPath(), Files(root))


def test_json_is_read_and_what_is_none_or_missing_is_named(tmp_path: Path) -> None:
    folder = _folder(write(tmp_path, {"good.json": "[1]", "bad.json": "{", "deep.json": "[" * 100_000}))
    assert read_json(folder, "good.json")[1] == [1]
    with pytest.raises(DropError, match=r"bad\.json is not JSON we can read"):
        read_json(folder, "bad.json")
    with pytest.raises(DropError, match=r"deep\.json is not JSON we can read"):
        read_json(folder, "deep.json")
    with pytest.raises(DropError, match=r"none\.json is missing"):
        read_json(folder, "none.json")


def test_the_picture_with_the_most_pixels_wins_and_broken_ones_are_passed_over(tmp_path: Path) -> None:
    files = {"s/a.jpg": jpeg(10, 10), "m/a.jpg": b"broken", "l/a.jpg": jpeg(20, 30), "b.jpg": jpeg()}
    found = Pictures(_folder(write(tmp_path, files)))
    assert [len(found.named(name)) for name in ("a", "b", "c")] == [3, 1, 0]
    assert size(read_largest(found.named("a"))) == (20, 30)
    assert read_largest(found.named("b")) == jpeg()
    assert "no picture is named c" in found.why_missing("c")


def test_where_none_can_be_measured_the_first_is_given(tmp_path: Path) -> None:
    found = Pictures(_folder(write(tmp_path, {"s/a.jpg": b"one", "t/a.jpg": b"two"})))
    assert read_largest(found.named("a")) in {b"one", b"two"}


def test_a_photo_of_several_sizes_names_all_and_can_be_read_otherwise(tmp_path: Path) -> None:
    folder = _folder(write(tmp_path, {"s/a.jpg": jpeg(18, 18), "l/a.jpg": jpeg(20, 20), "b.jpg": jpeg()}))
    found = Pictures(folder)
    photo = Photo("a", None, "catalogue", "test")
    several, single = raw_photo(photo, found.named("a")), raw_photo(photo, found.named("b"))
    assert sorted(several.where.split(" or ")) == ["l/a.jpg", "s/a.jpg"]
    assert {size(read()) for read in several.otherwise} == {(18, 18), (20, 20)}
    assert single.otherwise == ()
    assert size(several.read()) == (20, 20)


def test_pictures_of_folders_with_a_layout_of_their_own_are_left_to_it(tmp_path: Path) -> None:
    files = Files(write(tmp_path, {"a.jpg": jpeg(), "other/b.jpg": jpeg()}))
    folder = Folder(PurePosixPath(), files, frozenset({PurePosixPath("other")}))
    assert [file.path.name for file in folder.pictures()] == ["a.jpg"]
