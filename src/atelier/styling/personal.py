"""The release's ranker, opened once for feeds and for sets that were made just now for a user.

N = items, S = known sets, B = made sets, P = places, R = relevance vector
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from atelier.delivery.sets import HISTORIES_FILE, SETS_FILE, SetTable, read_histories
from atelier.errors import NoReleaseError
from atelier.families.outfit.pool import Ints
from atelier.families.outfit.table import codes_of
from atelier.families.ranking.inference import (
    CONTRACT_FILE,
    VALUES_FILE,
    OnnxRanker,
    RankingContract,
    read_values,
    scores,
)
from atelier.families.ranking.sets import Sets
from atelier.release.manifest import Release
from atelier.release.store import folder_of, require_file
from atelier.settings import Settings

FAMILY = "ranking"
"""The ranker's name among a release's models."""


@dataclass(frozen=True, eq=False)
class ReleasedRanker:
    """All that a release has of its ranker. Safe to share by threads."""

    ranker: OnnxRanker
    sets: SetTable
    """Those that can be shown, and those that histories speak of."""
    histories: Mapping[str, tuple[str, ...]]
    """User id -> outfits that the user clicked, the latest first."""
    values: Mapping[str, tuple[str, ...]] | None
    """Of each fact that the ranker knows; None in releases whose ranker judges known sets alone."""

    @classmethod
    def open(cls, settings: Settings, release: Release) -> Self:
        """Read and check everything. NoReleaseError: the release has no ranker.

        DigestError, RegistryError, ReleaseError: a file of it is not what it should be.
        """
        if FAMILY not in release.models:
            raise no_ranker(release)
        required = partial(require_file, settings, release, FAMILY)
        contract = RankingContract.from_json(required(CONTRACT_FILE).read_bytes())
        ranker = OnnxRanker(folder_of(settings, release, FAMILY), contract, settings.serve_threads)
        has_values = VALUES_FILE in release.files_of(FAMILY)
        return cls(
            ranker,
            SetTable.read(required(SETS_FILE)),
            read_histories(required(HISTORIES_FILE)),
            read_values(required(VALUES_FILE), contract) if has_values else None,
        )


def no_ranker(release: Release) -> NoReleaseError:
    """Explain that a release has no ranker, and how to get one."""
    return NoReleaseError(
        f"Release {release.release_id} has no ranker, so there are no feeds and no sets for a user; "
        f"`atelier retrain` trains one where there are clicks with a propensity. Until then ask for sets "
        f"without a user."
    )


class UserTaste:
    """A release's ranker and its users' histories. Safe to share by threads."""

    def __init__(
        self,
        ranker: OnnxRanker,
        values: Mapping[str, tuple[str, ...]],
        known: SetTable,
        histories: Mapping[str, Sequence[str]],
    ) -> None:
        """`values`: of each fact that the ranker knows. `known`: the sets that histories speak of."""
        self._ranker = ranker
        self._values = values
        self._known = known
        self._histories = histories

    @classmethod
    def of(cls, released: ReleasedRanker, release: Release) -> Self:
        """Ask a ranker that is open. NoReleaseError: it cannot judge sets which are new to it."""
        if released.values is None:
            raise NoReleaseError(
                f"Release {release.release_id} has a ranker for the sets of feeds alone; `atelier publish` "
                f"makes a release that knows users too. Until then ask for sets without a user."
            )
        return cls(released.ranker, released.values, released.sets, released.histories)

    def likings(
        self, user_id: str, facts: pa.Table, relevance_NR: NDArray[np.float16], items_BP: Ints
    ) -> NDArray[np.float64]:
        """Predict the probability that the user clicks each set [B]; an unknown user gets popular sets.

        `facts` and `relevance_NR` are those of the items, rows of which are `items_BP`; -1 behind the last.
        """
        rows, sets_BP = np.unique(items_BP, return_inverse=True)
        gone = int(rows[0] < 0)
        rows, sets_BP = rows[gone:], sets_BP.reshape(items_BP.shape) - gone
        named = facts.select([*self._values, "price"]).take(pa.array(rows)).to_pylist()
        prices = [np.nan if each["price"] is None else each["price"] for each in named]
        sets = Sets(
            self._ranker.contract.items,
            np.asarray(relevance_NR[rows], np.float32),
            codes_of(self._values, named),
            np.array(prices, np.float32),
            sets_BP,
        )
        clicked = self._histories.get(user_id, ())
        history = [self._known.row_of[each] for each in clicked if each in self._known.row_of]
        user_1E = self._ranker.user_vectors(self._known.summaries_SW, [user_id], [history])
        log_odds_B = scores(user_1E, self._ranker.set_vectors(sets))[0].astype(np.float64)
        return np.asarray(1 / (1 + np.exp(-log_odds_B)))
