"""Started sets can always be completed, and what is complete keeps every rule: against asking one by one."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from rules_world import WEAR, Piece, Row, facts_of, obeys, pool

from atelier.rules.file import parse_rules
from atelier.rules.graph import ContextGraph, State, bits, chosen, compile_rules

PRICED = WEAR + "price: {from: 80, to: 160}\n"
ONE_SHOP = WEAR.replace("agree: {season: {neutral: [All, null]}}", "agree: [shop]")


def random_walk(graph: ContextGraph, rows: list[Row], rng: np.random.Generator) -> list[Piece] | None:
    """Fill a random plan with random items of random allowed cells; None: the plan cannot be begun."""
    partition = int(rng.integers(len(graph.cells.partitions)))
    state = graph.start(int(rng.integers(len(graph.plans))), partition)
    if not graph.completable(state):
        return None
    pieces: list[Piece] = []
    taken: set[int] = set()
    while state.open:
        cell = int(rng.choice(list(bits(graph.allowed(state)))))
        at_hand = np.flatnonzero(
            (graph.cells.class_N == graph.cells.class_C[cell]) & (graph.cells.partition_N == partition)
        )
        item = int(rng.choice([number for number in at_hand if number not in taken]))
        taken.add(item)
        pieces.append((graph.rules.slots[graph.cells.slot_C[cell]].name, rows[item]))
        state = graph.place(state, cell)
        assert graph.completable(state), "what is allowed can be completed"
    return pieces


@pytest.mark.parametrize("text", [WEAR, PRICED, ONE_SHOP], ids=["wear", "priced", "one-shop"])
@pytest.mark.parametrize("num_items", [25, 60, 400])
def test_every_walk_ends_in_a_set_that_keeps_the_rules(text: str, num_items: int) -> None:
    rules, rows = parse_rules(text), pool(num_items, seed=num_items)
    graph = compile_rules(rules, facts_of(rows))
    rng = np.random.default_rng(1)
    made = [pieces for _ in range(300) if (pieces := random_walk(graph, rows, rng))]
    assert len(made) > 30
    for pieces in made:
        assert obeys(rules, pieces), [(slot, row) for slot, row in pieces]


def test_nothing_is_forbidden_that_could_be_completed() -> None:
    rules, rows = parse_rules(WEAR), pool(40, seed=5)
    graph = compile_rules(rules, facts_of(rows))
    for number, plan in enumerate(graph.plans):
        places = [
            [(slot, row) for row in rows if row["category"] in str(rules.slot(slot).condition)]
            for slot in plan
        ]
        first_rows = {id(pieces[0][1]) for pieces in product(*places) if obeys(rules, pieces)}
        allowed_rows = {
            id(rows[item])
            for cell in bits(graph.allowed(graph.start(number)))
            for item in np.flatnonzero(graph.cells.class_N == graph.cells.class_C[cell])
        }
        assert allowed_rows == first_rows, plan


def test_a_plan_that_cannot_be_completed_is_not_begun() -> None:
    rows = [row for row in pool(200) if row["category"] != "Jeans"]
    for row in rows:
        row["category"] = "Belts" if row["category"] in ("Watches", "Caps") else row["category"]
    graph = compile_rules(parse_rules(WEAR), facts_of(rows))
    for number, plan in enumerate(graph.plans):
        # Belts are the only accessories left, and belts need jeans.
        assert graph.completable(graph.start(number)) == ("accessory" not in plan)


def test_an_item_stands_in_a_set_once() -> None:
    text = (
        "slots: {left: {category: Earrings}, right: {category: Earrings}}\nsets: [{required: [left, right]}]"
    )
    rules = parse_rules(text)
    one, two = ([{"category": "Earrings"}] * number for number in (1, 2))
    assert not compile_rules(rules, facts_of(one)).completable(compile_rules(rules, facts_of(one)).start(0))
    graph = compile_rules(rules, facts_of(two))
    assert graph.completable(graph.start(0))


def test_a_piece_that_is_not_allowed_is_not_placed() -> None:
    graph = compile_rules(parse_rules(WEAR), facts_of(pool(60)))
    state = graph.start(0)
    shut = State(state.open, 0, 0.0, 0.0)
    with pytest.raises(ValueError, match="may not be placed"):
        graph.place(shut, next(bits(graph.allowed(state))))


def test_bits_are_read_the_same_both_ways() -> None:
    mask = 0b1011_0000_0001_1000
    assert list(bits(mask)) == chosen(mask, 16).tolist() == [3, 4, 12, 13, 15]
