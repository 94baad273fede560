"""Conditions are asked of a column at once, and what is not known holds none of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rules_world import facts_of, passes, pool

from atelier.rules.conditions import AnyOf, Attributes, Between, Condition, NoneOf, Test, Words

TEXTS = st.lists(st.sampled_from(["a", "b", "c", None]), max_size=8)
WANTED = st.lists(st.sampled_from(["a", "b", "z", None]), max_size=4).map(tuple)


@given(texts=TEXTS, wanted=WANTED)
def test_words_are_among_the_wanted_as_a_walk_would_find(
    texts: list[str | None], wanted: tuple[str | None, ...]
) -> None:
    assert Words.of(texts).among(wanted).tolist() == [text in wanted for text in texts]


def test_words_are_coded_in_the_order_in_which_they_come() -> None:
    words = Words.of(["b", None, "a", "b"])
    assert words.values == ("b", "a")
    assert words.codes_N.tolist() == [0, -1, 1, 0]


ROWS = pool(200)
FACTS = facts_of(ROWS)


@pytest.mark.parametrize(
    "test",
    [
        AnyOf("season", ("Summer", None)),
        AnyOf("category", ("Tents",)),
        NoneOf("season", ("Summer",)),
        NoneOf("usage", ()),
        Between("price", 20, 60),
        Between("price", high=30),
        Between("rating"),
        AnyOf("style", (None,)),
    ],
    ids=str,
)
def test_a_test_holds_where_a_walk_through_the_rows_says_so(test: Test) -> None:
    assert test.holds(FACTS).tolist() == [passes(test, row) for row in ROWS]


def test_all_tests_of_a_condition_must_hold_and_none_hold_for_anything() -> None:
    one, other = AnyOf("gender", ("Women",)), Between("price", 50, 70)
    both = Condition((one, other))
    np.testing.assert_array_equal(both.holds(FACTS), one.holds(FACTS) & other.holds(FACTS))
    assert Condition().holds(FACTS).all()


def test_both_ends_of_a_range_belong_to_it() -> None:
    facts = Attributes.of({"price": [9.99, 10, 20, 20.01, None]})
    assert Between("price", 10, 20).holds(facts).tolist() == [False, True, True, False, False]


def test_facts_that_no_item_has_are_known_of_none() -> None:
    facts = Attributes.of({"item_id": ["a", "b"], "year": ["2024", None]})
    assert facts.num_items == 2
    assert facts.word("colour").codes_N.tolist() == [-1, -1]
    assert np.isnan(facts.number("price")).all()
    assert facts.number("year")[0] == 2024
    assert Attributes.of({}).num_items == 0


@pytest.mark.parametrize(
    ("condition", "text"),
    [
        (Condition(), "anything"),
        (Condition((AnyOf("season", ("Summer",)),)), "season Summer"),
        (
            Condition((AnyOf("season", ("Summer", None)),), "top"),
            "slot top and season one of Summer, missing",
        ),
        (Condition((NoneOf("colour", ("Red", "Blue")),)), "colour not Red, Blue"),
        (Condition((Between("price", 10, 20),), "bag"), "slot bag and price from 10.00 to 20.00"),
    ],
)
def test_conditions_read_as_a_sentence_would(condition: Condition, text: str) -> None:
    assert str(condition) == text
