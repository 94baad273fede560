"""Numbers of items and classes, in the order of sorted names."""

from __future__ import annotations

from atelier.families.retrieval.products import UNKNOWN
from atelier.jobs.retrieval.products import class_numbers, item_numbers
from atelier.vocabulary import Item


def test_classes_are_numbered_by_their_sorted_names_and_none_is_unknown() -> None:
    numbers, names = class_numbers(["red", None, "blue", "red"])
    assert names == ["blue", "red"]
    assert numbers.tolist() == [1, UNKNOWN, 0, 1]
    assert class_numbers([])[0].tolist() == []
    assert class_numbers([None])[0].tolist() == [UNKNOWN]


def test_members_of_one_duplicate_group_share_a_number_and_no_group_is_taken_for_an_item() -> None:
    items = [
        Item("1", "a", "Jeans", "test", duplicate_group="pair"),
        Item("2", "b", "Jeans", "test"),
        Item("3", "c", "Jeans", "test", duplicate_group="pair"),
        Item("4", "d", "Jeans", "test", duplicate_group="2"),
    ]
    first, alone, second, other = item_numbers(items).tolist()
    assert first == second
    assert len({first, alone, other}) == 3
