"""Sets that are surely liked or disliked, by their clicks."""

from __future__ import annotations

import pytest

from atelier.jobs.outfit.clicks import judged_by
from atelier.vocabulary import Click


def clicks(outfit_id: str, shown: int, clicked: int) -> list[Click]:
    return [Click(f"{outfit_id}-{n}", "u", outfit_id, n < clicked, "test") for n in range(shown)]


@pytest.mark.parametrize(("shown", "clicked", "is_bad"), [(200, 4, True), (200, 20, False), (10, 0, False)])
def test_a_set_is_bad_when_its_clicks_surely_are(shown: int, clicked: int, is_bad: bool) -> None:
    others = clicks("good", 400, 60) + clicks("fair", 400, 40)
    assert (judged_by(others + clicks("asked", shown, clicked)).badly == {"asked"}) is is_bad


@pytest.mark.parametrize(("clicked", "is_good"), [(50, True), (24, False), (2, False)])
def test_a_set_is_good_when_its_clicks_surely_are(clicked: int, is_good: bool) -> None:
    others = clicks("some", 400, 40) + clicks("fair", 400, 40)
    assert (judged_by(others + clicks("asked", 200, clicked)).well == {"asked"}) is is_good


def test_without_clicks_no_set_is_good_or_bad() -> None:
    assert judged_by([]) == (frozenset(), frozenset())
