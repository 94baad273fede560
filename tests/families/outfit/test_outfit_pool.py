"""A pool keeps the items of each class and partition together, in random order."""

from __future__ import annotations

import numpy as np
import pytest
from rules_world import WEAR, facts_of, pool

from atelier.families.outfit.pool import Pool, Shelf
from atelier.rules.file import parse_rules
from atelier.rules.graph import compile_rules

NUM_ITEMS = 300
ROWS = pool(NUM_ITEMS)
TEXTS = {"wear": WEAR, "one-shop": WEAR.replace("agree: {season: {neutral: [All, null]}}", "agree: [shop]")}
VECTORS = np.random.default_rng(0).normal(size=(NUM_ITEMS, 4)).astype(np.float32)


def _pool(name: str = "wear", seed: int = 0) -> Pool:
    return Pool(compile_rules(parse_rules(TEXTS[name]), facts_of(ROWS)), VECTORS, seed)


@pytest.mark.parametrize("name", TEXTS)
def test_a_shelf_is_just_the_items_of_its_class_in_its_partition(name: str) -> None:
    made = _pool(name)
    cells = made.graph.cells
    for partition in np.unique(cells.partition_N):
        for cell in range(len(cells.class_C)):
            shelf = made.shelf(int(partition), cell)
            slow = np.flatnonzero((cells.class_N == cells.class_C[cell]) & (cells.partition_N == partition))
            assert sorted(made.item_R[shelf.first : shelf.last].tolist()) == slow.tolist()
            assert len(shelf) == len(slow)


def test_rows_and_items_lead_to_each_other_and_what_fits_no_slot_has_no_row() -> None:
    made = _pool()
    usable = made.graph.cells.class_N >= 0
    assert len(made) == usable.sum() == len(made.item_R)
    assert (made.row_N[made.item_R] == np.arange(len(made))).all()
    assert (made.row_N[~usable] == -1).all()
    np.testing.assert_array_equal(made.vectors_RD, VECTORS[made.item_R])


def test_the_order_within_a_shelf_is_random_and_follows_from_the_seed() -> None:
    first, again, other = _pool(seed=1), _pool(seed=1), _pool(seed=2)
    np.testing.assert_array_equal(first.item_R, again.item_R)
    assert (first.item_R != other.item_R).any()
    np.testing.assert_array_equal(first.class_R, other.class_R)


def test_a_partition_without_such_items_has_an_empty_shelf() -> None:
    made = _pool()
    assert len(made.shelf(10_000, 0)) == 0
    assert len(Shelf(0, 3, 8)) == 5


def test_each_item_needs_a_vector() -> None:
    graph = compile_rules(parse_rules(WEAR), facts_of(ROWS))
    with pytest.raises(ValueError, match="299 vectors for 300 items"):
        Pool(graph, VECTORS[:-1])
