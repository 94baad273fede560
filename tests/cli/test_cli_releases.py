"""Releases are listed, shown, compared and rolled back."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_runner import printed, refusal, run
from release_world import go_live

from atelier.settings import Settings


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for model in ("a", "b"):
        go_live(Settings(home=tmp_path), model)
    return tmp_path


def test_the_live_release_is_marked_and_a_roll_back_moves_the_mark(home: Path) -> None:
    newest, oldest = printed(home, "release", "list")
    assert (newest["live"], oldest["live"]) == (True, False)
    assert run(home, "release", "rollback").exit_code == 0
    newest, oldest = printed(home, "release", "list")
    assert (newest["live"], oldest["live"]) == (False, True)
    assert oldest["release_id"] in run(home, "release", "show").stdout


def test_two_releases_are_compared(home: Path) -> None:
    newest, oldest = printed(home, "release", "list")
    changes = printed(home, "release", "diff", oldest["release_id"], newest["release_id"])
    assert any("retrieval" in change["what"] for change in changes)


def test_without_a_release_there_is_nothing_to_show_or_roll_back(tmp_path: Path) -> None:
    assert printed(tmp_path, "release", "list") == []
    for command in ("show", "rollback"):
        assert "release" in refusal(tmp_path, "release", command)


def test_a_withdrawal_needs_a_reason(home: Path) -> None:
    assert "--reason" in refusal(home, "withdraw", "item-1")
