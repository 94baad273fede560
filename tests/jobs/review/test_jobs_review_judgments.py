"""A reviewer's file: recorded once, bad rows in quarantine, the blinding undone."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from reviewed_world import (
    NUM_QUERIES,
    World,
    judge_by_truth,
    place_of,
    with_own_judgments,
    write_download,
)
from shared_worlds import moved_copy

from atelier.datasets import judgments as store
from atelier.errors import ContractError, DropError, RegistryError
from atelier.jobs.review.judgments import read_download, record
from atelier.registry.store import open_registry
from atelier.settings import Settings


@pytest.fixture(scope="module")
def world(reviewed_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    return World.at(moved_copy(reviewed_dir, tmp_path_factory.mktemp("copy") / "review"))


@pytest.fixture
def settings(world: World, tmp_path: Path) -> Settings:
    return with_own_judgments(world, tmp_path)


def test_recorded_judgments_undo_the_blinding_and_favour_the_model_that_finds_the_item(
    world: World, settings: Settings, tmp_path: Path
) -> None:
    report = record(settings, write_download(tmp_path / "ada.json", world, judge_by_truth(world)))
    assert report.added["preferences"] == NUM_QUERIES
    assert report.quarantined == {"judgments": 0, "preferences": 0}
    figures = report.figures
    places = {
        side: [
            place_of([[item] for item in query[side]], query["item_id"]) for query in world.facts["queries"]
        ]
        for side in ("champion", "challenger")
    }
    pairs = list(zip(places["champion"], places["challenger"], strict=True))
    assert figures["champion_better"] == sum(one < other for one, other in pairs) > 0
    assert figures["challenger_better"] == sum(one > other for one, other in pairs)
    assert figures["equal"] == sum(one == other for one, other in pairs)
    assert figures["net_preference"] < 0, "the champion finds more items"
    assert figures["champion/same_at_1"] > figures["challenger/same_at_1"]
    assert figures["champion/coverage_at_10"] == 1
    weights = np.asarray([query["weight"] for query in world.facts["queries"]])
    first = np.asarray([place == 0 for place in places["champion"]])
    assert figures["champion/same_at_1"] == pytest.approx((first * weights).sum() / weights.sum())
    registry = open_registry(settings)
    assert registry.read(report.run_id, "tables/judgments.csv").count(b"\n") == report.added["judgments"] + 1


def test_the_same_file_again_changes_nothing_and_a_change_of_mind_counts(
    world: World, settings: Settings, tmp_path: Path
) -> None:
    rows = judge_by_truth(world)[:9]
    path = write_download(tmp_path / "ada.json", world, rows)
    first = record(settings, path)
    again = record(settings, path)
    assert sum(again.added.values()) == sum(again.updated.values()) == 0
    assert again.run_id == first.run_id
    changed = {**rows[0], "verdict": "wrong", "judged_at": "2026-11-22T12:30:00+01:00"}
    later = record(settings, write_download(tmp_path / "later.json", world, [changed]))
    assert (later.added["judgments"], later.updated["judgments"]) == (0, 1)
    (kept,) = [
        row
        for row in store.read(settings.judgments_dir, "judgments")
        if (row.query_digest, row.item_id) == (rows[0]["query"], rows[0]["item_id"])
    ]
    assert kept.verdict == "wrong"


def test_a_csv_download_says_the_same_as_a_json_one(world: World, tmp_path: Path) -> None:
    rows = judge_by_truth(world)
    lines = ["review_id,reviewer,query,item_id,verdict,judged_at"]
    lines += [",".join([world.made.review_id, '"Ada"', *(row[name] or "" for name in row)]) for row in rows]
    path = tmp_path / "ada.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert read_download(path) == read_download(write_download(tmp_path / "ada.json", world, rows))


def test_bad_rows_go_to_quarantine_with_their_reason_and_the_rest_is_recorded(
    world: World, settings: Settings, tmp_path: Path
) -> None:
    rows = judge_by_truth(world)
    rows += [
        {**rows[0], "item_id": "never shown"},
        {**rows[0], "query": "f" * 32},
        {**rows[1], "verdict": "nice", "judged_at": "2026-11-22T11:00:00Z"},
        {**rows[2], "judged_at": "yesterday"},
        {**rows[2], "judged_at": None},
    ]
    report = record(settings, write_download(tmp_path / "ada.json", world, rows))
    assert report.quarantined["judgments"] == 5
    assert report.added["judgments"] == len(rows) - 5 - NUM_QUERIES, "the older, good row of a bad one stays"
    quarantined = pq.read_table(settings.quarantine_dir / "judgments.parquet").to_pylist()
    reasons = " | ".join(row["reason"] for row in quarantined)
    for reason in (
        "an item that was shown for this search",
        "a search of this review",
        "one of same, similar, wrong",
        "a moment in ISO 8601",
        "judged_at is empty",
    ):
        assert reason in reasons


def test_a_file_that_is_mostly_bad_adds_nothing(world: World, settings: Settings, tmp_path: Path) -> None:
    rows = [{**row, "item_id": "never shown"} for row in judge_by_truth(world)[:5]]
    with pytest.raises(ContractError, match="5 of 5 rows broke their contract"):
        record(settings, write_download(tmp_path / "ada.json", world, rows))
    assert store.read(settings.judgments_dir, "judgments") == []
    assert (settings.quarantine_dir / "judgments.parquet").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it has no column review_id"),
        ("{not json", "is not a download of a review"),
        ('{"review_id": "abc", "reviewer": "Ada", "rows": []}', "holds no judgment"),
        ('{"review_id": "abc"}', "is not a download"),
        ("review_id,reviewer,query,item_id,verdict,judged_at\na,b,c,d,e,f\nb,b,c,d,e,f\n", "of 2 reviews"),
    ],
)
def test_a_file_that_is_no_download_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "file"
    path.write_text(text)
    with pytest.raises(DropError, match=message):
        record(Settings(home=tmp_path), path)


def test_judgments_of_an_unknown_review_are_refused(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    row = {"query": "q", "item_id": "i", "verdict": "same", "judged_at": "2026-11-22T10:00:00Z"}
    path.write_text(json.dumps({"review_id": "0123456789ab", "reviewer": "Ada", "rows": [row]}))
    with pytest.raises(RegistryError, match="review '0123456789ab' is unknown in this workspace"):
        record(settings, path)
