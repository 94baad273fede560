"""The tables of judgments: added to, never rewritten; of one key the latest counts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from atelier.datasets.judgments import Recorded, digest, read, record
from atelier.errors import CorruptionError
from atelier.vocabulary import Judgment

ROW = Judgment(
    review_id="r1",
    reviewer="Ada",
    query_digest="q1",
    query_id="street.zip/1.jpg",
    kind="street",
    item_id="i1",
    verdict="same",
    weight=2.5,
    judged_at="2026-11-22T10:00:00.000+00:00",
    recorded_at="2026-11-22T11:00:00.000000+00:00",
)
LATER = replace(ROW, verdict="wrong", judged_at="2026-11-22T10:05:00.000+00:00")
BOB = replace(ROW, reviewer="Bob")


def test_rows_come_back_sorted_by_key_from_all_parts(tmp_path: Path) -> None:
    assert record(tmp_path, "judgments", [BOB]) == Recorded(added=1, updated=0, unchanged=0)
    assert record(tmp_path, "judgments", [ROW]) == Recorded(added=1, updated=0, unchanged=0)
    assert read(tmp_path, "judgments") == [ROW, BOB]
    assert read(tmp_path, "preferences") == []
    assert len(list(tmp_path.iterdir())) == 2


def test_the_same_again_adds_no_part_whenever_it_is_recorded(tmp_path: Path) -> None:
    record(tmp_path, "judgments", [ROW])
    before = digest(tmp_path)
    again = replace(ROW, recorded_at="2026-11-23T11:00:00.000000+00:00")
    assert record(tmp_path, "judgments", [again]) == Recorded(0, 0, 1)
    assert digest(tmp_path) == before


def test_a_later_judgment_counts_in_whatever_order_they_come(tmp_path: Path) -> None:
    assert record(tmp_path / "a", "judgments", [ROW]).added == 1
    assert record(tmp_path / "a", "judgments", [LATER]).updated == 1
    assert record(tmp_path / "b", "judgments", [LATER]).added == 1
    assert record(tmp_path / "b", "judgments", [ROW]).unchanged == 1
    assert record(tmp_path / "c", "judgments", [LATER, ROW]) == Recorded(added=1, updated=0, unchanged=1)
    for name in ("a", "b", "c"):
        assert read(tmp_path / name, "judgments") == [LATER]


def test_parts_of_two_workspaces_can_be_put_together(tmp_path: Path) -> None:
    record(tmp_path / "one", "judgments", [ROW])
    record(tmp_path / "two", "judgments", [LATER, BOB])
    for path in (tmp_path / "two").iterdir():
        path.rename(tmp_path / "one" / path.name)
    assert read(tmp_path / "one", "judgments") == [LATER, BOB]


def test_a_broken_part_is_named(tmp_path: Path) -> None:
    record(tmp_path, "judgments", [ROW])
    (path,) = tmp_path.iterdir()
    path.write_bytes(b"PAR1")
    with pytest.raises(CorruptionError, match=path.name):
        read(tmp_path, "judgments")
