"""Plans of sets, and rules with one of them dropped."""

from __future__ import annotations

import pytest
from rules_world import WEAR

from atelier.rules.conditions import AnyOf, Condition
from atelier.rules.file import parse_rules
from atelier.rules.rules import Agree, Differ, Limits, Needs, Never, Rules, Shape, Slot

RULES = parse_rules(WEAR + "price: {from: 80, to: 160}\n")
SLOTS = (Slot("top", Condition()), Slot("extra", Condition(), at_most=2), Slot("shoes", Condition()))


def test_plans_are_every_combination_once_in_the_order_of_the_slots() -> None:
    rules = Rules("r", SLOTS, (Shape(("top",), ("extra",)), Shape(("top", "extra"))))
    assert set(rules.plans()) == {("top",), ("top", "extra"), ("top", "extra", "extra")}
    assert len(rules.plans()) == 3


def test_plans_keep_the_number_of_pieces() -> None:
    rules = Rules("r", SLOTS, (Shape(("top",), ("extra", "shoes")),), pieces=Limits(2, 3))
    assert set(rules.plans()) == {
        ("top", "shoes"),
        ("top", "extra"),
        ("top", "extra", "shoes"),
        ("top", "extra", "extra"),
    }


@pytest.mark.parametrize("name", RULES.names())
def test_every_name_drops_its_rule_and_no_other(name: str) -> None:
    less = RULES.without(name)
    assert less != RULES
    assert less.without(name) == less
    if not name.startswith("slots."):
        assert set(RULES.names()) - set(less.names()) == {name}
    assert less.shapes == RULES.shapes


def test_a_slot_without_its_condition_takes_anything() -> None:
    less = RULES.without("slots.top")
    assert less.slot("top").condition == Condition()
    assert less.slot("bottom") == RULES.slot("bottom")


def test_names_go_from_the_widest_to_the_narrowest() -> None:
    names = RULES.names()
    assert names[:2] == ("everywhere", "price")
    assert names[-5:] == tuple(f"slots.{slot.name}" for slot in RULES.slots)


def test_limits_hold_both_ends() -> None:
    assert [value in Limits(2, 4) for value in (1, 2, 4, 4.1)] == [False, True, True, False]


def test_rules_read_as_sentences() -> None:
    red = Condition((AnyOf("colour", ("Red",)),))
    bag = Condition(slot="bag")
    assert str(Never(red, bag)) == "never colour Red with slot bag"
    assert str(Needs(red, bag)) == "colour Red needs slot bag"
    assert str(Agree("season")) == "one season a set"
    assert str(Differ("category")) == "no category twice in a set"
