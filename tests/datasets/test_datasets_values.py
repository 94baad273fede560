"""Loose values become typed rows, or say what was expected."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from atelier.datasets.values import to_row
from atelier.vocabulary import CategorySet, Click, Item, Outfit

ITEM = {"item_id": "a", "title": "A", "category": "Hats", "source": "s"}


def test_cells_of_a_csv_and_values_of_parquet_give_the_same_row() -> None:
    expected = Item("a", "A", "Hats", "s", year=2024, price=12.5, stock=3)
    assert to_row("items", ITEM | {"year": "2024", "price": " 12.50 ", "stock": "3"}) == expected
    assert to_row("items", ITEM | {"year": 2024, "price": 12.5, "stock": 3.0}) == expected


@pytest.mark.parametrize("missing", [None, "", "  ", float("nan")])
def test_what_is_missing_is_none_where_it_may_be_and_an_error_where_not(missing: object) -> None:
    assert to_row("items", ITEM | {"gender": missing, "price": missing}) == Item("a", "A", "Hats", "s")
    with pytest.raises(ValueError, match="title is empty; expected a value"):
        to_row("items", ITEM | {"title": missing})


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("year", "2020.5", "expected a whole number"),
        ("year", 2**60, "expected a whole number"),
        ("rating", "inf", "expected a number"),
        ("rating", True, "expected a number"),
        ("title", 1.5, "expected text"),
        ("title", ["A"], "expected text"),
        ("title", "a\0b", "holds NUL bytes"),
        ("title", "\udcff", "holds bytes that are not UTF-8"),
    ],
)
def test_a_value_of_another_type_is_named_with_what_was_expected(
    column: str, value: object, message: str
) -> None:
    with pytest.raises(ValueError, match=f"^{column} .*{message}"):
        to_row("items", ITEM | {column: value})


@pytest.mark.parametrize(
    ("text", "truth"), [("true", True), ("True", True), ("1", True), (True, True), ("0", False)]
)
def test_truth_is_read_in_its_usual_forms(text: object, truth: bool) -> None:
    row = {"click_id": "c", "user_id": "u", "outfit_id": "o", "source": "s", "clicked": text}
    assert to_row("clicks", row) == Click("c", "u", "o", truth, "s")
    with pytest.raises(ValueError, match="clicked is 'perhaps'; expected true or false"):
        to_row("clicks", row | {"clicked": "perhaps"})


def test_ids_are_separated_by_blanks_and_categories_by_semicolons() -> None:
    assert to_row("outfits", {"outfit_id": "o", "item_ids": " b  a ", "source": "s"}) == Outfit(
        "o", ("b", "a"), "s"
    )
    sets = {"set_id": "s", "categories": "Day Dresses; Hats ;", "source": "s"}
    assert to_row("category_sets", sets) == CategorySet("s", ("Day Dresses", "Hats"), "s")
    assert to_row("outfits", {"outfit_id": "o", "item_ids": ["b", "a"], "source": "s"}).item_ids == ("b", "a")
    with pytest.raises(ValueError, match=r"item_ids is .*expected a list of texts"):
        to_row("outfits", {"outfit_id": "o", "item_ids": [1, 2], "source": "s"})


@given(number=st.integers(-(2**53), 2**53))
def test_whole_numbers_survive_being_text(number: int) -> None:
    assert to_row("items", ITEM | {"stock": str(number)}).stock == number


@given(number=st.floats(0, 1e6, allow_nan=False))
def test_numbers_survive_being_text(number: float) -> None:
    assert to_row("items", ITEM | {"rating": repr(number)}).rating == number
