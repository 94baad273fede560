"""Sets of a trained outfit model: they hold their triggers, keep the rules and differ."""

from __future__ import annotations

from pathlib import Path

import pytest
from rules_world import obeys
from styling_world import RULES, a_top

from atelier.datasets.catalogue import Catalogue
from atelier.errors import (
    NoReleaseError,
    QueryError,
    RulesError,
)
from atelier.release.store import live
from atelier.rules.file import parse_rules
from atelier.settings import Settings
from atelier.styling.stylist import SetPiece, Stylist, Wishes


@pytest.fixture(scope="module")
def settings(styling_home: Path) -> Settings:
    return Settings(home=styling_home, serve_threads=1)


@pytest.fixture(scope="module")
def stylist(settings: Settings) -> Stylist:
    return Stylist.open(settings, live(settings))


def test_sets_hold_their_triggers_keep_the_rules_and_differ(settings: Settings, stylist: Stylist) -> None:
    rules, top = parse_rules(RULES), a_top(settings)
    made = stylist.make([top], rules, Wishes(num=5))
    assert len(made) == 5
    assert [each.score for each in made] == sorted((each.score for each in made), reverse=True)
    for each in made:
        assert each.pieces[0] == SetPiece("top", top)
        assert obeys(rules, [(piece.slot, stylist.attributes_of(piece.item_id)) for piece in each.pieces])
    others = [{piece.item_id for piece in each.pieces[1:]} for each in made]
    assert all(len(a & b) <= 1 for n, a in enumerate(others) for b in others[:n])
    assert stylist.make([top], rules, Wishes(num=5)) == made, "the same wishes get the same sets"
    assert stylist.make([top], rules, Wishes(num=5, seed=1)) != made
    both = [piece.item_id for piece in made[0].pieces[:2]]
    assert [piece.item_id for piece in stylist.make(both, rules)[0].pieces[:2]] == both


@pytest.mark.parametrize(
    ("items", "rules", "error", "message"),
    [
        (["nothing"], "womens-wear", QueryError, "has no item 'nothing'"),
        ([], "womens-wear", QueryError, "expected 1 to 8 different ids"),
        (None, "no-such-rules", RulesError, "expected one of bedroom"),
        (None, "bedroom", RulesError, "no item of release"),
    ],
)
def test_what_cannot_be_made_says_why(
    settings: Settings,
    stylist: Stylist,
    items: list[str] | None,
    rules: str,
    error: type[Exception],
    message: str,
) -> None:
    asked = [a_top(settings)] if items is None else items
    with pytest.raises(error, match=message):
        stylist.make(asked, rules)


def test_an_item_that_fits_no_slot_is_named(settings: Settings, stylist: Stylist) -> None:
    watch = next(i.item_id for i in Catalogue.open(settings.data_dir).items() if i.category == "Watches")
    with pytest.raises(RulesError, match=f"{watch} fits no slot; the slots are top, bottom, shoes"):
        stylist.make([watch], parse_rules(RULES))


def test_a_user_is_nobody_to_a_release_without_a_ranker(settings: Settings, stylist: Stylist) -> None:
    with pytest.raises(NoReleaseError, match="has no ranker"):
        stylist.make([a_top(settings)], parse_rules(RULES), Wishes(user="w5-u0001"))
