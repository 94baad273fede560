"""Sets by the thousand: each keeps the rules, holds what goes together, and no item is everywhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from rules_world import WEAR, Row, facts_of, obeys, pool

from atelier.families.outfit.assembly import Assembler, Sets
from atelier.families.outfit.picking import Assembly
from atelier.families.outfit.pool import Floats, Ints, Pool
from atelier.rules.file import parse_rules
from atelier.rules.graph import compile_rules

NUM_ITEMS, DIMENSION = 2_000, 8
TEXTS = {
    "wear": WEAR,
    "priced": WEAR + "price: {from: 80, to: 160}\n",
    "one-shop": WEAR.replace("agree: {season: {neutral: [All, null]}}", "agree: [shop]"),
}


class Likeness:
    """What goes with a set is what is like the piece that came last."""

    def queries(self, pieces_BPD: Floats, num_B: Ints) -> Floats:
        return pieces_BPD[np.arange(len(num_B)), num_B - 1]


def vectors(num_items: int = NUM_ITEMS) -> Floats:
    drawn = np.random.default_rng(7).normal(size=(num_items, DIMENSION)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def assembler(rows: list[Row], text: str, assembly: Assembly) -> Assembler:
    graph = compile_rules(parse_rules(text), facts_of(rows))
    return Assembler(Pool(graph, vectors(len(rows))), Likeness(), assembly)


def likeness(sets: Sets, of: Floats) -> float:
    """Mean cosine between the pieces of a set."""
    found = []
    for items in sets.items_BP:
        pieces = of[items[items >= 0]]
        cosines = pieces @ pieces.T
        found.append((cosines.sum() - len(pieces)) / (len(pieces) * (len(pieces) - 1)))
    return float(np.mean(found))


@pytest.mark.parametrize("name", TEXTS)
def test_every_set_keeps_every_rule(name: str) -> None:
    rows = pool(NUM_ITEMS)
    made = assembler(rows, TEXTS[name], Assembly(num_candidates=64)).make(np.arange(NUM_ITEMS))
    assert len(made.items_BP) > 300
    rules = parse_rules(TEXTS[name])
    for items, slots in zip(made.items_BP.tolist(), made.slots_BP.tolist(), strict=True):
        pieces = [
            (rules.slots[slot].name, rows[item]) for item, slot in zip(items, slots, strict=True) if item >= 0
        ]
        assert obeys(rules, pieces), pieces


def test_a_set_is_made_around_every_trigger_that_a_set_can_hold() -> None:
    rows = pool(NUM_ITEMS)
    maker = assembler(rows, WEAR, Assembly(num_candidates=64))
    made = maker.make(np.arange(NUM_ITEMS))
    cells = maker.graph.cells
    usable = {
        item
        for item in range(NUM_ITEMS)
        if cells.class_N[item] >= 0 and maker._beginnings_of(0, (int(cells.class_N[item]),))
    }
    assert set(made.items_BP[:, 0].tolist()) == usable


def test_a_set_is_made_around_several_triggers_or_not_at_all() -> None:
    """Every set that can be made from one trigger can be made from its first two pieces too."""
    rows = pool(NUM_ITEMS)
    maker = assembler(rows, WEAR, Assembly(num_candidates=64))
    begun = maker.make(np.arange(NUM_ITEMS)).items_BP[:, :2]
    made = maker.make(begun)
    np.testing.assert_array_equal(made.items_BP[:, :2], begun)
    rules = parse_rules(WEAR)
    for items, slots in zip(made.items_BP.tolist(), made.slots_BP.tolist(), strict=True):
        pieces = [
            (rules.slots[slot].name, rows[item]) for item, slot in zip(items, slots, strict=True) if item >= 0
        ]
        assert obeys(rules, pieces), pieces
    assert len(maker.make(np.array([[begun[0, 0], begun[0, 0]]])).items_BP) == 0, (
        "an item stands in a set once"
    )


def test_pieces_go_together_better_than_chance_and_variety_loosens_them() -> None:
    rows, of = pool(NUM_ITEMS), vectors()
    best = Assembly(num_candidates=NUM_ITEMS, temperature=0)
    close, loose, random = (
        likeness(assembler(rows, WEAR, how).make(np.arange(500)), of)
        for how in (best, replace(best, variety=0.5), replace(best, temperature=1e3, num_best=NUM_ITEMS))
    )
    assert close > loose > random
    assert close > random + 0.4


def test_no_item_stands_in_more_sets_than_it_may() -> None:
    rows = pool(NUM_ITEMS)
    maker = assembler(rows, WEAR, Assembly(temperature=0, most_uses=3))
    made = maker.make(np.arange(NUM_ITEMS))
    again = maker.make(np.arange(NUM_ITEMS))
    chosen_items = np.concatenate([made.items_BP[:, 1:].ravel(), again.items_BP[:, 1:].ravel()])
    assert np.bincount(chosen_items[chosen_items >= 0]).max() == 3
    free = assembler(rows, WEAR, Assembly(temperature=0)).make(np.arange(NUM_ITEMS))
    assert np.bincount(free.items_BP[:, 1:][free.items_BP[:, 1:] >= 0]).max() > 3


def test_the_same_seed_makes_the_same_sets() -> None:
    rows = pool(NUM_ITEMS)
    first, again = (assembler(rows, WEAR, Assembly()).make(np.arange(200)) for _ in range(2))
    np.testing.assert_array_equal(first.items_BP, again.items_BP)
