"""The record of what was taken down: it only grows, and the last word on an item counts."""

from __future__ import annotations

from pathlib import Path

import pytest

from atelier.release.withdrawals import digest_of, record, was_any_reinstated, withdrawals
from atelier.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def test_the_last_word_on_an_item_counts(settings: Settings) -> None:
    assert (withdrawals(settings), was_any_reinstated(settings)) == ({}, False)
    record(settings, ["a", "b"], "a claim", withdrawn=True)
    record(settings, ["c"], "recalled", withdrawn=True)
    assert not was_any_reinstated(settings)
    record(settings, ["a"], "claim settled", withdrawn=False)
    in_force = withdrawals(settings)
    assert {item_id: each.reason for item_id, each in in_force.items()} == {"b": "a claim", "c": "recalled"}
    assert was_any_reinstated(settings)
    record(settings, ["a"], "once more", withdrawn=True)
    assert list(withdrawals(settings)) == ["b", "c", "a"]


def test_a_torn_last_line_spoils_no_later_one(settings: Settings) -> None:
    record(settings, ["a", "b"], "a claim", withdrawn=True)
    path = settings.releases_dir / "withdrawn.jsonl"
    path.write_text(path.read_text()[:-5])
    record(settings, ["c"], "line\nbreak", withdrawn=True)
    assert list(withdrawals(settings)) == ["a", "c"]
    assert withdrawals(settings)["c"].reason == "line\nbreak"


def test_the_digest_is_of_the_set() -> None:
    assert digest_of([]) == ""
    assert digest_of(["a", "b"]) == digest_of({"b": 1, "a": 2}.keys())
    assert digest_of(["a"]) != digest_of(["a", "b"])
