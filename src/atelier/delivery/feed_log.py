"""Logs feeds: a JSON line for each in a file a day, so that clicks can be joined later.

A feed is only evidence together with all that could have stood in it. The candidates are the same for all
users of a release, so they lie beside the days once, under their digest.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from atelier.delivery.feed import FeedConfig, Shown
from atelier.delivery.policy import Policy
from atelier.errors import FeedLogError

_CANDIDATES = "candidates"


@dataclass(frozen=True, eq=False)
class Offered:
    """The candidates of a feed."""

    outfit_ids: tuple[str, ...]
    num_showings_N: NDArray[np.int64]
    """At the time."""
    generated_N: NDArray[np.bool_]

    @cached_property
    def digest(self) -> str:
        """Hash the candidates (sha256): equal digests mean the same candidates in the same order."""
        facts = [list(self.outfit_ids), self.num_showings_N.tolist(), self.generated_N.tolist()]
        return hashlib.sha256(json.dumps(facts, separators=(",", ":")).encode()).hexdigest()


@dataclass(frozen=True)
class LoggedFeed:
    """One feed as a user got it."""

    at: str
    """ISO 8601, UTC."""
    user_id: str
    day: str
    release_id: str
    ranker: str
    """Digest of the contract of the ranker that filled it."""
    candidates: str
    """Digest of what was `Offered`."""
    history: tuple[str, ...]
    """Outfits that the user had clicked before, the latest first."""
    config: FeedConfig
    shown: tuple[Shown, ...]

    def same_as(self, other: LoggedFeed) -> bool:
        """Test whether one is the beginning of the other: a repeated page, or the page after it."""
        num = min(len(self.shown), len(other.shown))
        names = ("ranker", "candidates", "history", "config")
        alike = all(getattr(self, name) == getattr(other, name) for name in names)
        return alike and self.shown[:num] == other.shown[:num]


class FeedLog:
    """Appends feeds to the file of the day they were made on; threads and processes may share a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, feed: LoggedFeed, offered: Offered) -> None:
        """Write a feed at once, so that lines of two processes do not mix.

        FeedLogError: it is not logged, whole and with its candidates, so it must not be shown.
        """
        # The line break comes first: a torn last line, of a process killed here, spoils no later one.
        line = ("\n" + json.dumps(asdict(feed), ensure_ascii=False, separators=(",", ":"))).encode()
        try:
            self._keep(offered)
            with (self._folder / f"{feed.at[:10]}.jsonl").open("ab", buffering=0) as file:
                if file.write(line) != len(line):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError as error:
            raise FeedLogError(
                f"feeds are logged in {self._folder}, which cannot be written "
                f"({error.strerror or error}); a feed that is not logged is not shown. Make room or make it "
                f"writable, and ask again"
            ) from error

    def _keep(self, offered: Offered) -> None:
        """Looked for each time: who clears the folder while it is used loses no later evidence."""
        path = _candidates_path(self._folder, offered.digest)
        if path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        columns = {
            "outfit_id": pa.array(offered.outfit_ids, pa.string()),
            "num_showings": pa.array(offered.num_showings_N),
            "generated": pa.array(offered.generated_N),
        }
        half = path.with_name(f".{path.name}.{uuid4().hex}")
        try:
            pq.write_table(pa.table(columns), half, compression="zstd")
            half.replace(path)
        finally:
            with contextlib.suppress(OSError):
                half.unlink()


def read_feeds(folder: Path) -> Iterator[LoggedFeed]:
    """Read every whole line of every day, oldest day first."""
    for path in sorted(folder.glob("????-??-??.jsonl")):
        for line in path.read_text(encoding="utf-8", errors="replace").split("\n"):
            try:
                yield _feed_of(json.loads(line))
            except (ValueError, TypeError, KeyError):  # the empty first line, or what a killed process left
                continue


def one_a_day(feeds: Iterable[LoggedFeed]) -> list[LoggedFeed]:
    """Select the longest feed of each user and day.

    Left out is who got different ones on a day, as after a release: which of them was clicked is not known.
    """
    days: defaultdict[tuple[str, str], list[LoggedFeed]] = defaultdict(list)
    for feed in feeds:
        days[feed.user_id, feed.day].append(feed)
    longest = [max(day, key=lambda feed: len(feed.shown)) for day in days.values()]
    return [
        feed
        for feed, day in zip(longest, days.values(), strict=True)
        if all(feed.same_as(each) for each in day)
    ]


def read_offered(folder: Path, digest: str) -> Offered | None:
    """Read the candidates of a logged feed; None where their file is gone."""
    path = _candidates_path(folder, digest)
    if not path.exists():
        return None
    table = pq.read_table(path, partitioning=None)
    return Offered(
        tuple(table["outfit_id"].to_pylist()),
        np.asarray(table["num_showings"].to_numpy(), np.int64),
        np.asarray(table["generated"].to_numpy(), bool),
    )


def _candidates_path(folder: Path, digest: str) -> Path:
    return folder / _CANDIDATES / f"{digest[:32]}.parquet"


def _feed_of(values: dict[str, Any]) -> LoggedFeed:
    config = values["config"]
    return LoggedFeed(
        **values
        | {
            "history": tuple(values["history"]),
            "config": FeedConfig(**config | {"policy": Policy(**config["policy"])}),
            "shown": tuple(Shown(**each) for each in values["shown"]),
        }
    )
