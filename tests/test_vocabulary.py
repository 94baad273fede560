"""The nouns check what they can, and every table names its keys."""

from __future__ import annotations

from dataclasses import fields

import pytest

from atelier.vocabulary import KEYS, ROW_CLASSES, Box, Photo, is_user_id


@pytest.mark.parametrize(
    "edges", [(0, 0, 0, 1), (0, 0, 1, 0), (2, 0, 1, 1), (0, 2, 1, 1), (0, 0, float("nan"), 1)]
)
def test_a_box_without_an_area_is_refused(edges: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match="a box needs x0 < x1 and y0 < y1"):
        Box(*edges)


def test_a_box_gives_back_its_edges() -> None:
    assert Box(1, 2, 3.5, 4).as_tuple() == (1, 2, 3.5, 4)


def test_a_photo_has_a_box_where_all_four_edges_are_known() -> None:
    photo = Photo("p", None, "street", "s", x0=1, y0=2, x1=3, y1=4)
    assert photo.box == Box(1, 2, 3, 4)
    assert Photo("p", None, "street", "s", x0=1, y0=2, x1=3).box is None
    assert Photo("p", None, "street", "s").box is None


def test_every_table_is_keyed_by_columns_that_it_has() -> None:
    assert KEYS.keys() == ROW_CLASSES.keys()
    for name, row_class in ROW_CLASSES.items():
        assert set(KEYS[name]) <= {field.name for field in fields(row_class)}


@pytest.mark.parametrize(
    "user", ["a", "ann", "a/b", "a b", "[/x]", "小明", "x" * 200, "é\u0301", "-", "..", "a//b"]
)
def test_one_line_of_any_script_names_a_user(user: str) -> None:
    assert is_user_id(user)


@pytest.mark.parametrize(
    "user",
    ["", " ", "/", "a/", "/a", " a", "a ", "a\u3000", "a\n", "a\nb", "a\x00b", "x" * 201, "\udce9", "\ufffd"],
)
def test_what_could_be_mistaken_for_another_name_does_not(user: str) -> None:
    assert not is_user_id(user)
