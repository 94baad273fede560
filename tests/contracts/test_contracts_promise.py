"""The words of contracts: what each expects, and which rows keep it."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from atelier.contracts.promise import (
    KnownKeys,
    Promise,
    Surroundings,
    between,
    inside,
    moment_in_utc,
    mostly_present,
    one_line,
    refers_to,
    unique,
    whole_box,
)

NOWHERE = Surroundings({}, KnownKeys())


def _held(promise: Promise, near: Surroundings = NOWHERE, **columns: list[object]) -> list[bool]:
    assert promise.holds is not None
    return [bool(held) for held in promise.holds(pd.DataFrame(columns), near)]


@pytest.mark.parametrize(
    ("text", "is_line"),
    [
        ("a", True),
        ("  a b ", True),
        ("衣服", True),
        ("", False),
        (" ", False),
        ("a\nb", False),
        ("a\x7f", False),
    ],
)
def test_one_line_is_something_to_read(text: str, is_line: bool) -> None:
    pattern = one_line("title", 500).arguments["regex"]
    assert bool(re.match(pattern, text)) is is_line
    assert bool(re.match(one_line("title", 3).arguments["regex"], "abcd")) is False


def test_limits_say_whether_their_ends_belong_to_them() -> None:
    assert between("rating", 0, 5).expected == "a number from 0 to 5"
    above = between("propensity", 0, 1, above=True)
    assert (above.expected, above.arguments["strict_min"]) == ("a number above 0 to 1", True)
    assert between("stock", 0).arguments["max_value"] is None


def test_one_column_and_several_are_unique_by_words_of_the_library() -> None:
    assert unique("a").expectation == "ExpectColumnValuesToBeUnique"
    assert unique("a", "b").expectation == "ExpectCompoundColumnsToBeUnique"


@pytest.mark.parametrize(
    ("prices", "held"),
    [
        ([1.0] * 9 + [None], [True] * 10),
        ([None] * 10, [True] * 10),
        ([1.0] * 5 + [None] * 5, [True] * 5 + [False] * 5),
    ],
)
def test_a_column_that_is_partly_filled_warns_and_an_unknown_one_does_not(
    prices: list[object], held: list[bool]
) -> None:
    promise = mostly_present("price", 0.9)
    assert promise.only_warns
    assert _held(promise, price=prices) == held


def test_what_a_value_names_was_accepted_now_or_before() -> None:
    near = Surroundings({"items": pd.DataFrame({"item_id": ["a"]})}, KnownKeys(items=frozenset({"b"})))
    assert _held(refers_to("item_id", "items"), near, item_id=["a", "b", "c", None]) == [
        True,
        True,
        False,
        True,
    ]


def test_a_moment_is_in_utc_and_what_is_no_text_is_left_to_its_type() -> None:
    moments: list[object] = [
        "2026-03-01T09:30:00Z",
        "2026-03-01T09:30:00+00:00",
        "2026-03-01T09:30:00",
        None,
        7,
    ]
    assert _held(moment_in_utc("at"), at=moments) == [True, True, False, True, True]


def test_a_box_is_whole_and_not_inside_out() -> None:
    boxes = pd.DataFrame(
        {
            "x0": [0.0, 5.0, None, 0.0],
            "y0": [0.0, 0.0, None, None],
            "x1": [1.0, 1.0, None, 1.0],
            "y1": [1.0, 1.0, None, 1.0],
        }
    )
    promise = whole_box()
    assert promise.holds is not None
    assert promise.holds(boxes, NOWHERE).tolist() == [True, False, True, False]


def test_a_row_without_box_or_size_is_inside() -> None:
    rows = pd.DataFrame(
        {"x0": [0, None, 0, -1], "y0": [0, None, 0, 0], "x1": [9, None, 99, 5], "y1": [9, None, 9, 5]}
    )
    width, ten = pd.Series([10.0, 10.0, None, 10.0]), pd.Series([10.0] * 4)
    assert inside(rows, width, ten).tolist() == [True, True, True, False]
    assert inside(rows, ten, ten).tolist() == [True, True, False, False]
