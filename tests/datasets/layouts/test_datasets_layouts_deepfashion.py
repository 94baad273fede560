"""What the sets of DeepFashion have in common: partitions, boxes, and where pictures lie."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest
from public_sets_world import in_shop_name, replace_in, write_in_shop

from atelier.datasets.files import Files
from atelier.datasets.layouts.deepfashion import (
    department_and_category,
    find_picture,
    has_partition,
    read_boxes,
    read_partition,
)
from atelier.datasets.layouts.layout import Folder
from atelier.vocabulary import Box

COLUMNS = ("image_name", "item_id", "evaluation_status")


def _folder(root: Path) -> Folder:
    return Folder(PurePosixPath(), Files(root))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("img/WOMEN/Blouses_Shirts/id_1/02_1_front.jpg", ("WOMEN", "Blouses Shirts")),
        ("img/DRESSES/Lace_Dress/id_1/shop_01.jpg", ("DRESSES", "Lace Dress")),
        ("img/Dresses/id_1/1.jpg", ("", "Dresses")),
        ("img/id_1/1.jpg", ("", "unknown")),
    ],
)
def test_folders_of_a_name_are_department_and_category(name: str, expected: tuple[str, str]) -> None:
    assert department_and_category(name) == expected


def test_a_set_is_known_by_the_columns_of_its_partition(tmp_path: Path) -> None:
    folder = _folder(write_in_shop(tmp_path))
    assert has_partition(folder, COLUMNS)
    assert not has_partition(folder, ("image_pair_name_1", "image_pair_name_2", *COLUMNS[1:]))
    assert not has_partition(_folder(tmp_path / "Anno"), COLUMNS)
    rows = read_partition(folder, COLUMNS).rows
    assert rows[0] == (
        3,
        {"image_name": in_shop_name(1, 1), "item_id": "id_00000001", "evaluation_status": "train"},
    )


def test_boxes_are_read_by_name_and_a_broken_one_costs_itself_alone(tmp_path: Path) -> None:
    write_in_shop(tmp_path)
    name = in_shop_name(1, 1)
    replace_in(tmp_path / "Anno/list_bbox_inshop.txt", "016  016  080  080", "080  016  016  080")
    boxes, broken = read_boxes(_folder(tmp_path), "list_bbox_inshop.txt")
    assert name not in boxes
    assert boxes[in_shop_name(1, 2)] == Box(16, 16, 80, 80)
    assert len(broken) == 1
    assert f"line 3: {name}: no box x_1 y_1 x_2 y_2" in broken[0]
    assert read_boxes(_folder(tmp_path), "no_such_list.txt") == ({}, [])


@pytest.mark.parametrize("pictures", ["Img", "."])
def test_pictures_are_found_with_and_without_a_folder_around(tmp_path: Path, pictures: str) -> None:
    folder = _folder(write_in_shop(tmp_path, pictures))
    found = find_picture(folder, in_shop_name(3, 1))
    assert found is not None
    assert found.path == PurePosixPath(pictures) / in_shop_name(3, 1)
    assert find_picture(folder, "img/none.jpg") is None
