"""Only what a review had shown can be judged."""

from __future__ import annotations

from dataclasses import replace

from contracts_world import around, broken

from atelier.contracts.judgments import promises
from atelier.vocabulary import Judgment, Preference

SHOWN = {"q1": frozenset({"a", "b"})}
MOMENT = "2026-03-01T09:30:00Z"
JUDGMENT = Judgment("r1", "ann", "q1", "photo 1", "street", "a", "same", 1.0, MOMENT, MOMENT)
PREFERENCE = Preference("r1", "ann", "q1", "photo 1", "street", "m 1", "m 2", "equal", 1.0, MOMENT, MOMENT)


def test_an_item_was_shown_for_its_search_and_the_search_is_of_the_review() -> None:
    rows = [JUDGMENT, replace(JUDGMENT, item_id="c"), replace(JUDGMENT, query_digest="q9")]
    assert broken("judgments", promises(SHOWN)["judgments"], rows, around()) == [
        [],
        ["an item that was shown for this search"],
        ["a search of this review"],
    ]


def test_a_preference_is_of_a_search_of_the_review() -> None:
    rows = [PREFERENCE, replace(PREFERENCE, query_digest="q9")]
    told = broken("preferences", promises(SHOWN)["preferences"], rows, around())
    assert told == [[], ["a search of this review"]]


def test_both_tables_want_moments_in_utc() -> None:
    late = replace(JUDGMENT, judged_at="2026-03-01T09:30:00")
    (told,) = broken("judgments", promises(SHOWN)["judgments"], [late], around())
    assert told == ["a moment in ISO 8601 and UTC, such as 2026-03-01T09:30:00Z"]
