"""The showings that the ranking family is trained on.

N = showings, H = history
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from atelier.datasets.batches import ShowingBatch

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Showings(Dataset[ShowingBatch]):
    """A map-style dataset that returns whole batches."""

    set_N: Ints
    """Row of the set that was shown."""
    user_N: Ints
    """Number of the user: only equality counts."""
    history_NH: Ints
    """Rows of the sets that the user had clicked by then, -1 behind the last; see `earlier_clicks`."""
    bucket_N: Ints
    """See `sets.bucket_of`."""
    clicked_N: NDArray[np.bool_]
    propensity_N: NDArray[np.float32]

    def __post_init__(self) -> None:
        lengths = {name: len(values) for name, values in vars(self).items()}
        if len(set(lengths.values())) != 1:
            raise ValueError(f"showings need one value of each kind for each showing, not {lengths}")
        bad_N = ~((self.propensity_N > 0) & (self.propensity_N <= 1))
        if bad_N.any():
            raise ValueError(
                f"{int(bad_N.sum())} of {len(bad_N)} showings have a propensity that is not above 0 and at "
                f"most 1, the first is {self.propensity_N[bad_N][0]}; leave out what was not logged"
            )

    def __len__(self) -> int:
        return len(self.set_N)

    def __getitems__(self, indices: list[int]) -> ShowingBatch:
        columns = (self.set_N, self.history_NH, self.bucket_N, self.clicked_N, self.propensity_N)
        return ShowingBatch(*(torch.from_numpy(column[indices]) for column in columns))

    @staticmethod
    def collate(batch: ShowingBatch) -> ShowingBatch:
        return batch

    def take(self, numbers: Ints | NDArray[np.bool_]) -> Showings:
        """Select some of the showings."""
        return Showings(*(values[numbers] for values in vars(self).values()))


def earlier_clicks(user_N: Ints, set_N: Ints, clicked_N: NDArray[np.bool_], longest: int) -> Ints:
    """Find the last `longest` sets [N, H] that each user had clicked before each showing, latest first.

    Showings stand in the order of their time. A showing's own click is not among them, for it would tell the
    answer.
    """
    history_NH = np.full((len(user_N), longest), -1, np.int64)
    clicks: defaultdict[int, deque[int]] = defaultdict(lambda: deque(maxlen=longest))
    for number, (user, shown, clicked) in enumerate(zip(user_N, set_N, clicked_N, strict=True)):
        before = clicks[int(user)]
        history_NH[number, : len(before)] = before
        if clicked:
            before.appendleft(int(shown))
    return history_NH
