"""A click promises an accepted outfit, a moment in UTC, and a history of ids."""

from __future__ import annotations

from dataclasses import replace

import pytest
from contracts_world import CLICK, OUTFIT, around, broken

from atelier.contracts.clicks import PROMISES
from atelier.vocabulary import Click


def _breaks(click: Click) -> list[str]:
    (told,) = broken("clicks", PROMISES, [click], around(outfits=[OUTFIT]))
    return told


@pytest.mark.parametrize("history", [None, (), ("i1", "sold-out"), ("a.b_c-1",)])
def test_a_history_of_ids_is_kept_also_of_what_is_sold_no_more(history: tuple[str, ...] | None) -> None:
    assert _breaks(replace(CLICK, history=history)) == []


@pytest.mark.parametrize("history", [("a b",), ("i1", ""), ("a/b",), ("a\nb",)])
def test_what_is_no_id_breaks_the_history(history: tuple[str, ...]) -> None:
    assert _breaks(replace(CLICK, history=history)) == ["ids of items: letters, digits, '-', '_' or '.'"]


@pytest.mark.parametrize("moment", ["2026-03-01", "2026-03-01T09:30:00+01:00", "2026-13-01T00:00:00Z"])
def test_a_moment_is_in_utc(moment: str) -> None:
    (told,) = _breaks(replace(CLICK, shown_at=moment))
    assert told.startswith("a moment in ISO 8601 and UTC")


def test_an_outfit_that_was_never_accepted_is_told() -> None:
    assert _breaks(replace(CLICK, outfit_id="o9")) == [
        "the id of one of the outfits accepted with this drop or before"
    ]
