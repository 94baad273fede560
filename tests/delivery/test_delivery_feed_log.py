"""The log keeps every whole feed once, with what it could choose from, whoever writes beside it."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest

from atelier.delivery.feed import FeedConfig, Shown
from atelier.delivery.feed_log import FeedLog, LoggedFeed, Offered, one_a_day, read_feeds, read_offered
from atelier.delivery.policy import Policy
from atelier.errors import FeedLogError

OFFERED = Offered(("a", "b", "c"), np.array([3, 0, 7]), np.array([True, False, True]))
CONFIG = FeedConfig(Policy(fresh_below=4), generated_share=0.5)


def feed(user: str = "u1", day: str = "2026-01-05", num: int = 2, **changes: object) -> LoggedFeed:
    shown = tuple(Shown(name, place, True, False, 0.25) for place, name in enumerate("abc"[:num]))
    logged = LoggedFeed(
        f"{day}T10:00:00Z", user, day, "r1", "ranker", OFFERED.digest, ("z", "y"), CONFIG, shown
    )
    return replace(logged, **changes)  # type: ignore[arg-type]


def test_feeds_are_read_back_as_written_the_oldest_day_first(tmp_path: Path) -> None:
    later, earlier = feed("Zoë", "2026-01-06"), feed("u2", "2026-01-05")
    for each in (later, earlier):
        FeedLog(tmp_path).write(each, OFFERED)
    assert list(read_feeds(tmp_path)) == [earlier, later]


@pytest.mark.parametrize("num_bytes", [1, 40, 10_000])
def test_a_torn_line_spoils_neither_the_feed_before_nor_the_one_after(tmp_path: Path, num_bytes: int) -> None:
    log = FeedLog(tmp_path)
    log.write(feed("u1"), OFFERED)
    log.write(feed("u2"), OFFERED)
    path = tmp_path / "2026-01-05.jsonl"
    whole = path.read_bytes()
    second = whole.rindex(b"\n")
    path.write_bytes(whole[: max(second + 1, len(whole) - num_bytes)])
    log.write(feed("u3"), OFFERED)
    assert [each.user_id for each in read_feeds(tmp_path)] == ["u1", "u3"]


def test_candidates_are_kept_once_under_their_digest(tmp_path: Path) -> None:
    for user in ("u1", "u2"):
        FeedLog(tmp_path).write(feed(user), OFFERED)
    assert len(list((tmp_path / "candidates").iterdir())) == 1
    kept = read_offered(tmp_path, OFFERED.digest)
    assert kept is not None
    assert kept.digest == OFFERED.digest
    assert kept.outfit_ids == OFFERED.outfit_ids
    assert read_offered(tmp_path, "0" * 64) is None


def test_any_change_of_the_candidates_or_their_order_changes_the_digest() -> None:
    others = [
        replace(OFFERED, outfit_ids=("b", "a", "c")),
        replace(OFFERED, num_showings_N=np.array([3, 0, 8])),
        replace(OFFERED, generated_N=np.array([True, True, True])),
    ]
    assert len({OFFERED.digest, *(other.digest for other in others)}) == 4


def test_two_logs_keep_the_same_candidates_at_the_same_moment(tmp_path: Path) -> None:
    """Written under one half-name, the second would find its file gone."""
    for attempt in range(20):
        together, folder = Barrier(2), tmp_path / str(attempt)
        folder.mkdir()

        def write(user: str, together: Barrier = together, folder: Path = folder) -> None:
            log = FeedLog(folder)
            together.wait()
            log.write(feed(user), OFFERED)

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(write, ("u1", "u2")))
        assert {each.user_id for each in read_feeds(folder)} == {"u1", "u2"}
        assert [path.suffix for path in (folder / "candidates").iterdir()] == [".parquet"]


def test_pages_of_one_feed_count_once_and_the_longest_is_kept() -> None:
    short, long = feed(num=1), feed(num=3)
    assert short.same_as(long)
    assert one_a_day([short, long, short]) == [long]


@pytest.mark.parametrize(
    "change",
    [{"ranker": "other"}, {"candidates": "other"}, {"history": ()}, {"config": FeedConfig(Policy())}],
)
def test_who_got_two_feeds_on_a_day_is_left_out(change: dict[str, object]) -> None:
    other_day = feed(day="2026-01-06")
    changed = replace(feed(), **change)  # type: ignore[arg-type]
    assert one_a_day([feed(), changed, other_day]) == [other_day]


def test_another_set_at_a_place_is_another_feed() -> None:
    first = feed()
    swapped = replace(first, shown=tuple(reversed(first.shown)))
    assert not first.same_as(swapped)


def test_a_folder_that_is_cleared_while_it_is_used_loses_no_later_evidence(tmp_path: Path) -> None:
    log = FeedLog(tmp_path / "feeds")
    log.write(feed("u1"), OFFERED)
    shutil.rmtree(tmp_path / "feeds")
    log.write(feed("u2"), OFFERED)
    assert [each.user_id for each in read_feeds(tmp_path / "feeds")] == ["u2"]
    assert read_offered(tmp_path / "feeds", OFFERED.digest) is not None


def test_a_log_that_cannot_be_written_says_so_and_leaves_nothing_half(tmp_path: Path) -> None:
    (tmp_path / "feeds").write_text("")
    with pytest.raises(FeedLogError, match=r"feeds, which cannot be written .*is not shown"):
        FeedLog(tmp_path / "feeds").write(feed(), OFFERED)
    (tmp_path / "day" / "2026-01-05.jsonl").mkdir(parents=True)
    with pytest.raises(FeedLogError, match="Is a directory"):
        FeedLog(tmp_path / "day").write(feed(), OFFERED)
    assert not any(path.name.startswith(".") for path in tmp_path.rglob("*"))
