"""Rules that contradict each other are named, and so is what a pool lacks."""

from __future__ import annotations

import pytest
from rules_world import WEAR, facts_of, pool

from atelier.errors import RulesError
from atelier.rules.conditions import Attributes
from atelier.rules.file import load_rules, parse_rules, ready_made
from atelier.rules.report import check_rules, compile_checked, possible_attributes

POOL = facts_of(pool(300))


def test_good_rules_show_the_items_of_each_slot() -> None:
    report = check_rules(parse_rules(WEAR), POOL)
    assert report.problems == ()
    women = [row for row in pool(300) if row["gender"] in ("Women", "Unisex")]
    shirts = sum(row["category"] in ("Shirts", "Tops") for row in women)
    assert report.slots[0].num_items == shirts
    assert report.as_json()["ok"]


def test_a_contradiction_is_the_smallest_group_of_rules_that_no_items_could_keep() -> None:
    text = WEAR.replace("  - [{usage: Sports}, {usage: Formal}]", "  - [{slot: dress}, {slot: accessory}]")
    report = check_rules(parse_rules(text), POOL)
    first, second = report.shapes
    assert first.possible
    assert second.contradiction == ("never[1] (never slot dress with slot accessory)",)
    assert report.problems == (
        "sets[1] (dress + accessory) contradicts itself: never[1] (never slot dress with slot accessory)",
    )


def test_rules_that_only_contradict_together_are_named_together() -> None:
    text = """
slots: {tie: {category: Ties}, top: {category: [Shirts, Tops]}}
sets: [{required: [tie, top]}]
needs: [{given: {category: Ties}, then: {slot: top, category: Shirts}}]
never: [[{category: Shirts}, {slot: tie}]]
unknown: ignore
"""
    contradiction = check_rules(parse_rules(text), POOL).shapes[0].contradiction
    assert [rule.split(" ")[0] for rule in contradiction] == ["never[0]", "needs[0]", "slots.tie"]


def test_a_price_that_no_set_can_keep_is_a_contradiction() -> None:
    slots = "slots: {a: {price: {from: 60}}, b: {price: {from: 60}}}\n"
    text = slots + "sets: [{required: [a, b]}]\nprice: {to: 100}"
    contradiction = check_rules(parse_rules(text), POOL).shapes[0].contradiction
    assert [rule.split(" ")[0] for rule in contradiction] == ["price", "slots.a", "slots.b"]


def test_a_slot_that_the_pool_cannot_fill_names_the_condition_that_empties_it() -> None:
    text = WEAR.replace("dress: {category: Dresses}", "dress: {category: Dresses, colour: Green}")
    report = check_rules(parse_rules(text + "unknown: ignore"), POOL)
    assert "slots.dress: no item fits; without 'colour Green' some would" in report.problems
    assert any(
        problem.startswith("sets[1] (dress + accessory) cannot be filled") for problem in report.problems
    )
    assert report.shapes[0].possible


def test_an_unknown_category_is_named_with_the_nearest_one() -> None:
    text = WEAR.replace("[Jeans, Skirts]", "[Jeanss, Skirts]")
    with pytest.raises(
        RulesError, match=r"slots.bottom: no item has the category 'Jeanss'; did you mean 'Jeans'"
    ):
        compile_checked(parse_rules(text), POOL)


def test_an_empty_pool_and_one_without_a_whole_set_are_errors() -> None:
    with pytest.raises(RulesError, match=r"pool is empty"):
        check_rules(parse_rules(WEAR), Attributes.of({"category": []}))
    with pytest.raises(RulesError, match=r"no set can be made.*slots.dress: no item fits"):
        compile_checked(
            parse_rules(WEAR), Attributes.of({"category": ["Shirts", "Jeans"], "gender": ["Women"] * 2})
        )


@pytest.mark.parametrize("name", sorted(ready_made()))
def test_no_ready_made_rules_contradict_themselves(name: str) -> None:
    rules = load_rules(ready_made()[name])
    possible = possible_attributes(rules)
    compile_checked(rules, possible)
