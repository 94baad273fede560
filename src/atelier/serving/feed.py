"""Feeds of one release: which sets a user is shown today, each logged with its probability. Knows no HTTP."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from atelier.delivery.feed import Candidates, FeedConfig, Shown, make_feed
from atelier.delivery.feed_log import FeedLog, LoggedFeed, Offered
from atelier.delivery.sets import HISTORIES_FILE, SETS_FILE, SetTable, read_histories
from atelier.errors import DigestError, NoReleaseError
from atelier.families.ranking.inference import CONTRACT_FILE, OnnxRanker, RankingContract, scores
from atelier.release.manifest import Release
from atelier.release.withdrawals import withdrawals
from atelier.serving.live import LiveRelease
from atelier.settings import Settings

MAX_NUM = 100
"""Places that one call may ask for."""
_CONFIG = FeedConfig()
_LISTED = (CONTRACT_FILE, SETS_FILE, HISTORIES_FILE)
"""For these a manifest vouches; the contract does for the networks."""


class FeedMaker:
    """A release's ranker and its sets. Safe to share by threads."""

    def __init__(
        self,
        ranker: OnnxRanker,
        sets: SetTable,
        histories: dict[str, tuple[str, ...]],
        release_id: str,
        log: FeedLog | None = None,
        withheld: frozenset[str] = frozenset(),
        config: FeedConfig = _CONFIG,
    ) -> None:
        """`withheld`: items whose sets are not shown. Without `log` nothing is logged.

        DigestError: the vectors of the sets are another ranker's.
        """
        if sets.ranker != ranker.contract.digest:
            raise DigestError(
                f"release {release_id}: its sets got their vectors from the ranker {sets.ranker[:16]!r}, but "
                f"its ranker is {ranker.contract.digest[:16]!r}; `atelier publish` makes a new release"
            )
        self.sets = sets
        self.release_id = release_id
        self._ranker = ranker
        self._histories = histories
        self._log = log
        self._config = config
        self._rows = [
            row
            for row, items in enumerate(sets.item_ids)
            if sets.on_offer_S[row] and withheld.isdisjoint(items)
        ]
        self._vectors_SE = sets.vectors_SE[self._rows]
        self.offered = Offered(
            tuple(sets.outfit_ids[row] for row in self._rows),
            sets.num_showings_S[self._rows],
            sets.generated[self._rows],
        )

    @classmethod
    def open(cls, settings: Settings, release: Release) -> Self:
        """What a release can show. NoReleaseError: it has no ranker, or no set to show.

        DigestError, RegistryError, ReleaseError: a file of it is not what it should be.
        """
        if not release.files.keys() >= set(_LISTED):
            raise NoReleaseError(
                f"Release {release.release_id} has no ranker, so there are no feeds; `atelier retrain` "
                f"trains one where there are clicks with a propensity."
            )
        folder = settings.releases_dir / release.release_id
        _require_listed(folder, release)
        contract = RankingContract.from_json((folder / CONTRACT_FILE).read_bytes())
        made = cls(
            OnnxRanker(folder, contract),
            SetTable.read(folder / SETS_FILE),
            read_histories(folder / HISTORIES_FILE),
            release.release_id,
            FeedLog(settings.feeds_dir),
            frozenset(withdrawals(settings)),
        )
        if not made.offered.outfit_ids:
            raise NoReleaseError(
                f"Release {release.release_id} has no set on offer, so there are no feeds; ingest outfits, "
                f"and `atelier publish`."
            )
        return made

    def feed(
        self, user_id: str, day: str, history: Sequence[str] | None = None, num: int = 20
    ) -> list[Shown]:
        """What a user is shown on a day ('2026-01-05'), and logged as that; see `make`."""
        history = self.history(user_id) if history is None else history
        shown = self.make(user_id, day, history, num)
        if self._log is not None:
            now = datetime.now(UTC).isoformat(timespec="milliseconds")
            ranker, candidates = self._ranker.contract.digest, self.offered.digest
            feed = LoggedFeed(
                *(now, user_id, day, self.release_id, ranker, candidates, tuple(history)),
                self._config,
                tuple(shown),
            )
            self._log.write(feed, self.offered)
        return shown

    def make(
        self, user_id: str, day: str, history: Sequence[str] | None = None, num: int = 20
    ) -> list[Shown]:
        """`num` places, or as many as there are sets; shown to nobody, so logged nowhere.

        `history`: outfits that the user clicked, the latest first; those of the release by default. Outfits
        that the release does not know are passed over.
        """
        history = self.history(user_id) if history is None else history
        rows = [self.sets.row_of[outfit_id] for outfit_id in history if outfit_id in self.sets.row_of]
        user_1E = self._ranker.user_vectors(self.sets.summaries_SW, [user_id], [rows])
        score_N = scores(user_1E, self._vectors_SE)[0]
        offered = self.offered
        candidates = Candidates(offered.outfit_ids, score_N, offered.num_showings_N, offered.generated_N)
        return make_feed(user_id, day, candidates, num, self._config)

    def history(self, user_id: str) -> tuple[str, ...]:
        """What the release knows of a user; empty for one who never clicked."""
        return self._histories.get(user_id, ())


class LiveFeeds:
    """The feeds of whatever release is live, opened when first asked for."""

    def __init__(self, settings: Settings, live: LiveRelease) -> None:
        self._settings = settings
        self._live = live
        self._opened: FeedMaker | None = None
        self._lock = threading.Lock()

    @property
    def current(self) -> FeedMaker:
        """NoReleaseError: nothing is live, or it has no ranker or no sets. Others: see `FeedMaker.open`."""
        release = self._live.current.release
        opened = self._opened
        if opened is None or opened.release_id != release.release_id:
            with self._lock:
                opened = self._opened
                if opened is None or opened.release_id != release.release_id:
                    opened = self._opened = FeedMaker.open(self._settings, release)
        return opened


def _require_listed(folder: Path, release: Release) -> None:
    for name in _LISTED:
        with (folder / name).open("rb") as file:
            seen = hashlib.file_digest(file, "sha256").hexdigest()
        if seen != release.files[name]:
            raise DigestError(
                f"{folder / name}: the manifest of release {release.release_id} expects sha256 "
                f"{release.files[name][:16]}, seen {seen[:16]}. Roll back to another release, or publish "
                f"anew."
            )


def today() -> str:
    """The day of feeds, where nobody names one: UTC."""
    return datetime.now(UTC).date().isoformat()
