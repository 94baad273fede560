"""Feeds over HTTP and in the log, on a real release of forty sets and a ranker that has learned nothing.

What a ranker knows is no matter here: its vectors, its release, the policy above it and the log are real.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from damage import overwrite
from families_world import GONE, NUM_SETS, publish_with, write_ranker
from fastapi.testclient import TestClient
from serving_world import ITEMS

from atelier.cli.delivery import feed as feed_command
from atelier.delivery.feed import Candidates, replay
from atelier.delivery.feed_log import FeedLog, one_a_day, read_feeds, read_offered
from atelier.delivery.sets import HISTORIES_FILE, SETS_FILE, SetTable, read_histories
from atelier.errors import DigestError, NoReleaseError, ReleaseError
from atelier.families.ranking.inference import (
    CONTRACT_FILE,
    OnnxRanker,
    RankingContract,
    scores,
)
from atelier.release.manifest import Release
from atelier.release.store import folder_of
from atelier.release.withdrawals import record
from atelier.serving.app import create_app
from atelier.serving.feed import FeedMaker
from atelier.serving.live import LiveRelease
from atelier.settings import Settings

DAY = "2026-01-05"


def publish_with_ranker(settings: Settings, folder: Path) -> Release:
    """The twelve garments' release, with a ranker."""
    return publish_with(settings, ranking=write_ranker(folder))


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("feeds"), serve_threads=1)


@pytest.fixture(scope="module")
def release(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Release:
    return publish_with_ranker(settings, tmp_path_factory.mktemp("ranker"))


@pytest.fixture(scope="module")
def client(settings: Settings, release: Release) -> Iterator[TestClient]:
    assert release.release_id, "the feeds of this release are asked for"
    with TestClient(app_of(settings), raise_server_exceptions=False) as client:
        yield client


def app_of(settings: Settings) -> Any:
    return create_app(settings, LiveRelease(settings))


def maker(settings: Settings, release: Release, log: FeedLog | None = None) -> FeedMaker:
    """With a log of its own, or without one."""
    folder = folder_of(settings, release, "ranking")
    ranker = OnnxRanker(folder, RankingContract.from_json((folder / CONTRACT_FILE).read_bytes()))
    histories = read_histories(folder / HISTORIES_FILE)
    return FeedMaker(ranker, SetTable.read(folder / SETS_FILE), histories, release.release_id, log)


def test_a_feed_has_the_facts_of_its_sets_and_says_how_probable_each_was(
    client: TestClient, release: Release
) -> None:
    answer = client.get("/v1/feed/ann", params={"num": 10, "day": DAY}).json()
    assert (answer["release"], answer["user_id"], answer["day"]) == (release.release_id, "ann", DAY)
    assert answer["num_known_clicks"] == 2
    assert [each["place"] for each in answer["sets"]] == list(range(10))
    assert sum(each["made_by"] == "generator" for each in answer["sets"]) == 7
    price_of = {item.item_id: item.price or 0 for item in ITEMS}
    for each in answer["sets"]:
        number = int(each["outfit_id"][1:])
        expected = sum(price_of[item_id] for item_id in each["item_ids"]) if number % 5 else None
        assert each["price"] == expected
        assert 0 < each["propensity"] <= 1
    again = client.get("/v1/feed/ann", params={"num": 4, "day": DAY}).json()
    assert again["sets"] == answer["sets"][:4]


def test_all_that_is_on_offer_comes_once_and_nothing_else(client: TestClient) -> None:
    sets = client.get("/v1/feed/bob", params={"num": 100, "day": DAY}).json()["sets"]
    assert sorted(each["outfit_id"] for each in sets) == [
        f"o{number:02d}" for number in range(NUM_SETS) if number != GONE
    ]


def test_what_is_answered_is_logged_so_that_it_can_be_replayed(
    client: TestClient, settings: Settings, release: Release
) -> None:
    first = client.get("/v1/feed/cid", params={"num": 5, "day": DAY}).json()["sets"]
    client.get("/v1/feed/cid", params={"num": 12, "day": DAY})
    feeds = [feed for feed in one_a_day(read_feeds(settings.feeds_dir)) if feed.user_id == "cid"]
    assert len(feeds) == 1
    feed = feeds[0]
    assert (feed.release_id, feed.day, len(feed.shown)) == (release.release_id, DAY, 12)
    assert [(each.outfit_id, each.propensity) for each in feed.shown[:5]] == [
        (each["outfit_id"], each["propensity"]) for each in first
    ]
    offered = read_offered(settings.feeds_dir, feed.candidates)
    assert offered is not None
    folder = folder_of(settings, release, "ranking")
    ranker = OnnxRanker(folder, RankingContract.from_json((folder / CONTRACT_FILE).read_bytes()))
    table = SetTable.read(folder / SETS_FILE)
    rows = [table.row_of[outfit_id] for outfit_id in offered.outfit_ids]
    history = [table.row_of[outfit_id] for outfit_id in feed.history]
    score = scores(ranker.user_vectors(table.summaries_SW, ["cid"], [history]), table.vectors_SE[rows])[0]
    candidates = Candidates(offered.outfit_ids, score, offered.num_showings_N, offered.generated_N)
    again = replay(candidates, [each.outfit_id for each in feed.shown], feed.config)
    assert again.propensity_K == pytest.approx([each.propensity for each in feed.shown], rel=1e-4)


def test_a_history_moves_the_feed_and_an_unknown_outfit_in_it_does_not(
    settings: Settings, release: Release
) -> None:
    made = maker(settings, release)
    cold = made.make("dora", DAY, [], 20)
    warm = made.make("dora", DAY, ["o03", "o11", "o12"], 20)
    assert [each.propensity for each in cold] != [each.propensity for each in warm]
    assert made.make("dora", DAY, ["gone", "o03", "o11", "o12"], 20) == warm
    assert made.make("ann", DAY) == made.make("ann", DAY, ["o03", f"o{GONE:02d}"])


def test_a_look_is_not_logged_and_a_torn_line_spoils_no_other(
    settings: Settings, release: Release, tmp_path: Path
) -> None:
    made = maker(settings, release, FeedLog(tmp_path))
    made.make("eve", DAY)
    assert list(tmp_path.iterdir()) == []
    made.feed("eve", DAY, num=3)
    day = next(tmp_path.glob("*.jsonl"))
    whole = day.read_text()
    day.write_text(whole + whole[: len(whole) // 2])
    made.feed("fay", DAY, num=3)
    assert [feed.user_id for feed in read_feeds(tmp_path)] == ["eve", "fay"]
    assert len(list((tmp_path / "candidates").iterdir())) == 1


def test_who_got_two_different_feeds_on_a_day_is_no_evidence(
    settings: Settings, release: Release, tmp_path: Path
) -> None:
    made = maker(settings, release, FeedLog(tmp_path))
    made.feed("gus", DAY, [], num=5)
    made.feed("gus", DAY, ["o03"], num=5)
    made.feed("hal", DAY, num=5)
    assert [feed.user_id for feed in one_a_day(read_feeds(tmp_path))] == ["hal"]


def test_sets_of_withdrawn_items_are_not_shown(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", serve_threads=1)
    release = publish_with_ranker(settings, tmp_path / "ranker")
    record(settings, [ITEMS[0].item_id], "recalled", withdrawn=True)
    shown = FeedMaker.open(settings, release).make("ann", DAY, num=100)
    table = SetTable.read(tmp_path / "ranker" / SETS_FILE)
    left = [
        outfit_id
        for row, outfit_id in enumerate(table.outfit_ids)
        if ITEMS[0].item_id not in table.item_ids[row] and row != GONE
    ]
    assert sorted(each.outfit_id for each in shown) == left
    record(settings, [item.item_id for item in ITEMS], "closed", withdrawn=True)
    with pytest.raises(NoReleaseError, match="no set on offer"):
        FeedMaker.open(settings, release).make("ann", DAY)


def test_sets_of_another_ranker_and_changed_files_are_refused(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", serve_threads=1)
    release = publish_with_ranker(settings, tmp_path / "ranker")
    folder = folder_of(settings, release, "ranking")
    table = SetTable.read(folder / SETS_FILE)
    ranker = OnnxRanker(folder, RankingContract.from_json((folder / CONTRACT_FILE).read_bytes()))
    with pytest.raises(DigestError, match="its sets got their vectors from the ranker 'other'"):
        FeedMaker(ranker, replace(table, ranker="other"), {}, "r")
    overwrite(folder / HISTORIES_FILE)
    with pytest.raises(DigestError, match=HISTORIES_FILE):
        FeedMaker.open(settings, release)
    with pytest.raises(ReleaseError, match="is not a table of a release"):
        SetTable.read(folder / HISTORIES_FILE)


def test_the_command_shows_the_same_feed(
    settings: Settings, client: TestClient, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setenv("ATELIER_HOME", str(settings.home))
    feed_command("ann", num=6, day=None, as_json=True)
    answer = json.loads(capsys.readouterr().out)
    assert answer == client.get("/v1/feed/ann", params={"num": 6, "day": answer["day"]}).json()
