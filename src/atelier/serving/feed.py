"""Feeds of one release: which sets a user is shown today, each logged with its probability. Knows no HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Self

from atelier.delivery.feed import Candidates, FeedConfig, Shown, make_feed
from atelier.delivery.feed_log import FeedLog, LoggedFeed, Offered
from atelier.delivery.sets import SetTable
from atelier.errors import DigestError, NoReleaseError
from atelier.families.ranking.inference import OnnxRanker, scores
from atelier.release.manifest import Release
from atelier.release.withdrawals import withdrawals
from atelier.settings import Settings
from atelier.styling.personal import ReleasedRanker

MAX_NUM = 100
"""Places that one call may ask for."""
_CONFIG = FeedConfig()


class FeedMaker:
    """A release's ranker and its sets. Safe to share by threads."""

    def __init__(
        self,
        ranker: OnnxRanker,
        sets: SetTable,
        histories: Mapping[str, tuple[str, ...]],
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
        """Open a release's ranker, for feeds alone. Raises as `ReleasedRanker.open` does, and DigestError."""
        return cls.of(ReleasedRanker.open(settings, release), settings, release)

    @classmethod
    def of(cls, released: ReleasedRanker, settings: Settings, release: Release) -> Self:
        """Make feeds with a ranker that is open, without the sets of items that are withdrawn by now."""
        return cls(
            released.ranker,
            released.sets,
            released.histories,
            release.release_id,
            FeedLog(settings.feeds_dir),
            frozenset(withdrawals(settings)),
        )

    def feed(
        self, user_id: str, day: str, history: Sequence[str] | None = None, num: int = 20
    ) -> list[Shown]:
        """Make and log the feed of a user and day ('2026-01-05'); see `make`.

        FeedLogError: it cannot be logged, so it must not be shown.
        """
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
        """Fill `num` places, or as many as there are sets, without logging.

        `history`: outfits that the user clicked, the latest first; those of the release by default. Outfits
        that the release does not know are passed over. NoReleaseError: it has no set on offer.
        """
        if not self._rows:
            raise NoReleaseError(
                f"Release {self.release_id} has no set on offer, so there are no feeds; ingest outfits, and "
                f"`atelier publish`."
            )
        history = self.history(user_id) if history is None else history
        rows = [self.sets.row_of[outfit_id] for outfit_id in history if outfit_id in self.sets.row_of]
        user_1E = self._ranker.user_vectors(self.sets.summaries_SW, [user_id], [rows])
        score_N = scores(user_1E, self._vectors_SE)[0]
        offered = self.offered
        candidates = Candidates(offered.outfit_ids, score_N, offered.num_showings_N, offered.generated_N)
        return make_feed(user_id, day, candidates, num, self._config)

    def history(self, user_id: str) -> tuple[str, ...]:
        """Return a user's history in the release; empty for a user without clicks."""
        return self._histories.get(user_id, ())


def today() -> str:
    """Return the default day of feeds: UTC."""
    return datetime.now(UTC).date().isoformat()
