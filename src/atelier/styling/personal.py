"""Which sets a user would click: the release's ranker, asked about sets that were made just now.

N = items, S = known sets, B = made sets, P = places, R = relevance vector
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

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
from atelier.release.store import require_file
from atelier.settings import Settings


class UserTaste:
    """A release's ranker and what its users clicked before. Safe to share by threads."""

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
    def open(cls, settings: Settings, release: Release) -> UserTaste:
        """NoReleaseError: the release has no ranker that can judge sets which are new to it.

        DigestError, RegistryError, ReleaseError: a file of it is not what it should be.
        """
        if VALUES_FILE not in release.files:
            raise NoReleaseError(
                f"release {release.release_id} knows no users: no ranker went out with it. `atelier retrain` "
                f"trains one where there are clicks with a propensity; until then ask without a user"
            )
        contract = RankingContract.from_json(require_file(settings, release, CONTRACT_FILE).read_bytes())
        folder: Path = settings.releases_dir / release.release_id
        return cls(
            OnnxRanker(folder, contract, settings.serve_threads),
            read_values(require_file(settings, release, VALUES_FILE), contract),
            SetTable.read(require_file(settings, release, SETS_FILE)),
            read_histories(require_file(settings, release, HISTORIES_FILE)),
        )

    def likings(
        self, user_id: str, facts: pa.Table, relevance_NR: NDArray[np.float16], items_BP: Ints
    ) -> NDArray[np.float64]:
        """How likely the user is to click each set [B], 0 to 1; of one who is not known, as of anybody.

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
