"""A user's feed of the live release, which nobody is shown and nothing logs."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_runner import printed, refusal
from families_world import publish_whole

from atelier.settings import Settings


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    publish_whole(Settings(home=home), tmp_path_factory.mktemp("files"))
    return home


def test_a_feed_is_the_same_each_time_and_is_not_logged(home: Path) -> None:
    first, again = (printed(home, "feed", "ann", "--num", "5", "--day", "2026-01-05") for _ in range(2))
    assert first == again
    assert [each["place"] for each in first["sets"]] == list(range(5))
    assert not Settings(home=home).feeds_dir.exists()


def test_a_wrong_day_and_a_missing_release_are_refused(home: Path, tmp_path: Path) -> None:
    assert "yesterday" in refusal(home, "feed", "ann", "--day", "yesterday")
    assert "release" in refusal(tmp_path, "feed", "ann")
