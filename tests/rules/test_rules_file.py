"""A rule file becomes rules, or an error that names file, line and place."""

from __future__ import annotations

from pathlib import Path

import pytest
from rules_world import WEAR

from atelier.errors import RulesError
from atelier.rules.conditions import AnyOf, Between, NoneOf
from atelier.rules.file import find_rules, load_rules, parse_rules, ready_made
from atelier.rules.rules import Agree, Differ, Needs, Never

SMALL = "slots: {top: {category: Shirts}}\nsets: [{required: [top]}]\n"


def test_a_file_says_what_its_rules_are() -> None:
    rules = parse_rules(WEAR)
    assert [slot.name for slot in rules.slots] == ["top", "bottom", "dress", "shoes", "accessory"]
    assert rules.slot("accessory").at_most == 2
    kinds = [type(rule) for _, rule in rules.relations]
    assert kinds == [Never, Never, Needs, Agree, Differ]
    assert dict(rules.relations)["agree.season"] == Agree("season", ("All", None))
    assert rules.everywhere.tests == (AnyOf("gender", ("Women", "Unisex")),)


def test_conditions_take_values_lists_exclusions_and_ranges() -> None:
    text = (
        "slots: {top: {category: [Shirts, null], colour: {not: Red}, price: {from: 5, to: 9}, year: 2026}}\n"
    )
    tests = parse_rules(text + "sets: [{required: top}]").slot("top").condition.tests
    assert tests == (
        AnyOf("category", ("Shirts", None)),
        NoneOf("colour", ("Red",)),
        Between("price", 5, 9),
        Between("year", 2026, 2026),
    )


def test_plans_are_all_combinations_of_an_allowed_size() -> None:
    plans = parse_rules(WEAR).plans()
    assert ("top", "bottom", "shoes", "accessory") in plans
    assert ("dress", "accessory", "accessory") in plans
    assert ("top", "bottom", "shoes", "accessory", "accessory") not in plans, "at most four pieces"
    assert len(set(plans)) == len(plans) == 6


@pytest.mark.parametrize("name", sorted(ready_made()))
def test_the_ready_made_files_are_right(name: str) -> None:
    assert find_rules(name).plans()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("slots: [", "line 1, column 9: not YAML"),
        ("- a\n- b", "line 1, column 1: expected a mapping, found a list"),
        ("slots: {top: {}}", "'sets' is missing"),
        (SMALL + "sots: 1", "line 3, column 1: sots: unknown key 'sots'"),
        (SMALL.replace("category", "categry"), "line 1, column 15: slots.top.categry: unknown"),
        (SMALL.replace("[top]", "[hat]"), r"line 2, column 20: sets\[0\].required\[0\]: no slot is called"),
        (SMALL + "slots: {}", "line 3, column 1: slots: stands there twice"),
        (SMALL + "price: {from: 9, to: 5}", "line 3, column 8: price: from 9 to 5 is empty"),
        (SMALL + "price: {from: cheap}", "price.from: expected a number, found 'cheap'"),
        (SMALL + "pieces: {from: 4}", "pieces: no set has from 4 to 12 pieces"),
        (SMALL + "never: [[{category: A}]]", r"never\[0\]: expected two conditions"),
        (SMALL + "needs: [{given: {category: A}}]", "expected both 'given' and 'then'"),
        (SMALL + "needs: [{given: {}, then: {category: A}}]", "then: 'slot' is missing"),
        (SMALL + "agree: [colr]", r"agree\[0\]: unknown fact 'colr'"),
        (SMALL + "agree: {season: yes}", "agree.season: expected nothing, or `neutral:`"),
        (SMALL + "unknown: maybe", "expected 'error' or 'ignore'"),
        (SMALL.replace("Shirts", "{}"), "slots.top.category: expected `not:`"),
        (SMALL.replace("Shirts", "[]"), "slots.top.category: expected at least one value"),
        (SMALL.replace("[top]", "[top, top]"), r"sets\[0\]: slot 'top' stands there twice"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place(text: str, message: str) -> None:
    with pytest.raises(RulesError, match=f"women.yaml.*{message}"):
        parse_rules(text, "women.yaml")


def test_a_file_that_is_not_there_or_not_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(RulesError, match=r"neither a file nor one of the ready-made rules .*womens-wear"):
        find_rules("no-such-rules")
    (tmp_path / "rules.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RulesError, match=r"cannot be read"):
        load_rules(tmp_path / "rules.yaml")
