"""What the sets of Polyvore have in common: records, ids and names of categories."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
from layouts_world import write

from atelier.datasets.files import Files
from atelier.datasets.layouts.layout import Folder
from atelier.datasets.layouts.polyvore import begins_with_key, category_names, id_of, one_line, read_records
from atelier.datasets.raw import Drop
from atelier.errors import DropError


def _folder(root: Path) -> Folder:
    return Folder(PurePosixPath(), Files(root))


@pytest.mark.parametrize(("value", "expected"), [(12, "12"), (" 12 ", "12"), ("a-1", "a-1"), (0, "0")])
def test_an_id_is_a_number_or_a_text(value: object, expected: str) -> None:
    assert id_of(value) == expected


@pytest.mark.parametrize("value", [None, "", "  ", True, 1.5, [1], {}])
def test_anything_else_is_no_id(value: object) -> None:
    with pytest.raises(ValueError, match="is no id; expected a number or a text"):
        id_of(value)


def test_a_text_becomes_one_line_and_other_values_stay() -> None:
    assert one_line(" a\n b\t c ") == "a b c"
    assert one_line(None) is None
    assert one_line(3) == 3


def test_objects_of_a_list_come_with_their_place_and_others_are_rejected(tmp_path: Path) -> None:
    drop = Drop("d")
    folder = _folder(write(tmp_path, {"outfits.json": '[{"set_id": 1}, 7, {"set_id": 2}]'}))
    records = list(read_records(folder, "outfits.json", "outfits", drop))
    assert records == [
        ("outfits.json, outfit 1", {"set_id": 1}),
        ("outfits.json, outfit 3", {"set_id": 2}),
    ]
    assert [one.reason for one in drop.rejected] == [
        "outfits.json, outfit 2: 7 is no object with the fields of an outfit"
    ]


def test_a_file_that_is_no_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DropError, match="holds a dict; expected a list of outfits"):
        list(read_records(_folder(write(tmp_path, {"o.json": "{}"})), "o.json", "outfits", Drop("d")))


def test_names_of_categories_are_lines_of_an_id_and_a_name(tmp_path: Path) -> None:
    lines = "\ufeff4 Day Dresses\r\n46  Sandals \nno line\n\n259\n"
    folder = _folder(write(tmp_path, {"category_id.txt": lines, "empty.txt": "\n"}))
    file, empty = folder.file("category_id.txt"), folder.file("empty.txt")
    assert file is not None
    assert empty is not None
    assert category_names(file) == {"4": "Day Dresses", "46": "Sandals"}
    with pytest.raises(DropError, match=r"empty\.txt names no category; expected lines of an id and a name"):
        category_names(empty)


def test_a_set_is_known_by_a_key_near_the_beginning_though_it_is_broken_further_down(tmp_path: Path) -> None:
    late = "[" + " " * 70_000 + '{"items": []}]'
    folder = _folder(write(tmp_path, {"o.json": '[{"items": [}', "late.json": late}))
    assert begins_with_key(folder, "o.json", "items")
    assert not begins_with_key(folder, "o.json", "items_category")
    assert not begins_with_key(folder, "late.json", "items")
    assert not begins_with_key(folder, "none.json", "items")
