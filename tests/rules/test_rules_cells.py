"""Items of one cell are told apart by no rule, and which cells meet is what the rules say of their items."""

from __future__ import annotations

import numpy as np
import pytest
from rules_world import WEAR, Row, facts_of, keeps, pool

from atelier.errors import RulesError
from atelier.rules import cells as cells_module
from atelier.rules.cells import Cells, divide
from atelier.rules.file import parse_rules
from atelier.rules.rules import Needs, Rules

TEXTS = {
    "wear": WEAR,
    "priced": WEAR + "price: {from: 80, to: 160}\n",
    "one-shop": WEAR.replace("agree: {season: {neutral: [All, null]}}", "agree: [shop]"),
}
ROWS = pool(250)


def _divided(name: str) -> tuple[Rules, Cells]:
    rules = parse_rules(TEXTS[name])
    return rules, divide(rules, facts_of(ROWS))


@pytest.mark.parametrize("name", TEXTS)
def test_an_item_has_a_class_exactly_where_it_fits_a_slot_and_every_rule_of_one_item(name: str) -> None:
    rules, cells = _divided(name)
    fits = np.stack([slot.condition.holds(facts_of(ROWS)) for slot in rules.slots]).any(0)
    fits &= rules.everywhere.holds(facts_of(ROWS))
    usable = cells.class_N >= 0
    assert not (usable & ~fits).any()
    left_out = [row for row, out in zip(ROWS, fits & ~usable, strict=True) if out]
    assert all(_lacks_what_sets_agree_in(row, name) for row in left_out)


def _lacks_what_sets_agree_in(row: Row, name: str) -> bool:
    if name == "priced" and (row["price"] is None or row["price"] > 160):
        return True
    return row["shop"] is None if name == "one-shop" else False


@pytest.mark.parametrize("name", TEXTS)
def test_two_cells_meet_where_their_items_break_no_rule_of_two(name: str) -> None:
    rules, cells = _divided(name)
    example = {int(c): ROWS[int(np.flatnonzero(cells.class_N == c)[0])] for c in set(cells.class_C.tolist())}
    for first in range(cells.num_cells):
        for second in range(cells.num_cells):
            if cells.class_C[first] == cells.class_C[second]:
                continue  # whether a class may stand there twice also depends on how many items it has
            pieces = [
                (rules.slots[cells.slot_C[each]].name, example[int(cells.class_C[each])])
                for each in (first, second)
            ]
            relations = [rule for _, rule in rules.relations if not isinstance(rule, Needs)]
            if name == "one-shop":
                relations = [rule for rule in relations if getattr(rule, "fact", "") != "shop"]
            expected = all(keeps(rule, pieces) for rule in relations)
            needs = [rule for _, rule in rules.relations if isinstance(rule, Needs)]
            expected &= all(
                keeps(rule, pieces) for rule in needs if rule.then.slot in {slot for slot, _ in pieces}
            )
            assert cells.meet_CC[first, second] == expected, pieces


def test_cells_are_sorted_by_slot_and_meet_both_ways() -> None:
    _, cells = _divided("wear")
    assert (np.diff(cells.slot_C) >= 0).all()
    assert (cells.meet_CC == cells.meet_CC.T).all()


@pytest.mark.parametrize(("num_items", "meets"), [(1, False), (2, True)])
def test_a_class_meets_itself_where_it_has_items_for_a_whole_set(num_items: int, meets: bool) -> None:
    text = "slots: {extra: {category: Watches, at_most: 2}}\nsets: [{required: extra}]\n"
    rows = [{**ROWS[0], "category": "Watches"} for _ in range(num_items)]
    assert divide(parse_rules(text), facts_of(rows)).meet_CC.tolist() == [[meets]]


def test_prices_of_a_cell_are_those_of_its_items() -> None:
    _, cells = _divided("priced")
    prices = np.array([row["price"] or np.nan for row in ROWS])
    for cell in range(cells.num_cells):
        own = prices[cells.class_N == cells.class_C[cell]]
        assert cells.low_C[cell] <= own.min() <= own.max() <= cells.high_C[cell]


def test_shops_are_partitions_where_pieces_agree_in_them() -> None:
    _, cells = _divided("one-shop")
    assert set(cells.partitions) == {"North", "South"}
    for row, partition in zip(ROWS, cells.partition_N.tolist(), strict=True):
        assert (cells.partitions[partition] if partition >= 0 else None) == row["shop"]
    assert divide(parse_rules(WEAR), facts_of(ROWS)).partitions == ("",)


def test_too_many_kinds_of_items_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells_module, "MAX_CELLS", 5)
    with pytest.raises(RulesError, match=r"kinds of items apart \(at most 5\)"):
        _divided("wear")
