"""The next piece is one of the best that may still be taken, and no item is taken too often."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from atelier.families.outfit.picking import Assembly, Picker
from atelier.families.outfit.pool import Shelf

NUM = 30
ANGLE = np.linspace(0, np.pi / 2, NUM)
VECTORS = np.stack([np.cos(ANGLE), np.sin(ANGLE)], 1).astype(np.float32)
"""Row 0 points along the first axis, each later one a little further away from it."""
ALONG = np.array([[1.0, 0.0]], np.float32)
GREEDY = Assembly(num_candidates=1000, num_best=8, temperature=0.0)
NONE = np.full((1, 1), -1)


def test_the_best_is_taken_when_nothing_is_left_to_chance() -> None:
    assert Picker(VECTORS, GREEDY, 0).pick([Shelf(0, 0, NUM)], ALONG, NONE).tolist() == [0]
    assert Picker(VECTORS, GREEDY, 0).pick([Shelf(0, 5, 9), Shelf(1, 20, 25)], ALONG, NONE).tolist() == [5]


def test_a_set_never_holds_an_item_twice() -> None:
    picker = Picker(VECTORS, GREEDY, 0)
    taken = [-1, -1, -1, -1]
    for place in range(4):
        taken[place] = int(picker.pick([Shelf(0, 0, NUM)], ALONG, np.array([taken]))[0])
    assert taken == [0, 1, 2, 3]


def test_a_warmer_draw_takes_more_of_the_best_and_none_below_them() -> None:
    seen = {}
    for temperature in (0.001, 5.0):
        assembly = Assembly(num_candidates=1000, num_best=4, temperature=temperature)
        picker = Picker(VECTORS, assembly, 0)
        picked = picker.pick([Shelf(0, 0, NUM)], np.repeat(ALONG, 400, 0), np.full((400, 1), -1))
        seen[temperature] = Counter(picked.tolist())
    assert set(seen[5.0]) == {0, 1, 2, 3}
    assert min(seen[5.0].values()) > 60
    assert seen[0.001][0] > 300


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_no_row_is_taken_more_often_than_it_may_and_then_there_is_none(limit: int) -> None:
    assembly = Assembly(num_candidates=8, num_best=4, temperature=0.1, most_uses=limit)
    picker = Picker(VECTORS[:6], assembly, 3)
    picked = picker.pick([Shelf(0, 0, 6)], np.repeat(ALONG, 40, 0), np.full((40, 1), -1))
    counts = Counter(picked[picked >= 0].tolist())
    assert counts == dict.fromkeys(range(6), limit), "all that may be taken is taken"
    assert (picked == -1).sum() == 40 - 6 * limit


def test_rows_may_have_limits_of_their_own() -> None:
    limits = np.array([0, 2, 1])
    picker = Picker(VECTORS[:3], Assembly(temperature=0.0), 0, limits)
    picked = picker.pick([Shelf(0, 0, 3)], np.repeat(ALONG, 5, 0), np.full((5, 1), -1))
    assert Counter(picked.tolist()) == {1: 2, 2: 1, -1: 2}


def test_drawn_rows_are_different_lie_in_the_stretch_and_count_as_taken() -> None:
    picker = Picker(VECTORS, Assembly(most_uses=1), 0)
    first, second = picker.draw(6, slice(10, 20)), picker.draw(6, slice(10, 20))
    assert len(set(first.tolist())) == 6
    assert len(second) == 4, "fewer, as there are no more"
    assert sorted([*first.tolist(), *second.tolist()]) == list(range(10, 20))


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    num_sets=st.integers(1, 20),
    edges=st.lists(st.integers(0, NUM), min_size=2, max_size=8, unique=True).map(sorted),
    num_candidates=st.integers(1, 40),
    num_best=st.integers(1, 8),
)
def test_what_is_picked_lies_on_a_shelf_and_is_not_in_the_set(
    seed: int, num_sets: int, edges: list[int], num_candidates: int, num_best: int
) -> None:
    shelves = [Shelf(number, first, last) for number, (first, last) in enumerate(pairwise(edges))][::2]
    allowed = {row for shelf in shelves for row in range(shelf.first, shelf.last)}
    rng = np.random.default_rng(seed)
    taken = rng.integers(-1, NUM, size=(num_sets, 3))
    picker = Picker(VECTORS, Assembly(num_candidates=num_candidates, num_best=num_best), seed)
    queries = rng.normal(size=(num_sets, 2)).astype(np.float32)
    for row, already in zip(picker.pick(shelves, queries, taken).tolist(), taken.tolist(), strict=True):
        assert row == -1 or (row in allowed and row not in already)
