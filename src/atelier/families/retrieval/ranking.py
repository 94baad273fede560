"""Ranks as the public sets do: the rank of the first correct item, and MAP@R.

B = queries of one batch, G = gallery, D = embedding
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NONE = -1
"""In place of a gallery row: there is none."""
NOT_FOUND = int(np.iinfo(np.int64).max)
"""In place of a rank: a miss at every k, however small the gallery."""


@dataclass(frozen=True)
class Ranked:
    """Ranks of a batch of queries."""

    rank_B: NDArray[np.int64]
    """Of the first right answer, from 0, or `NOT_FOUND`."""
    average_precision_B: NDArray[np.float64]
    """MAP@R of each query."""


def rank_exactly(
    query_BD: NDArray[np.float32],
    gallery_GD: NDArray[np.float32],
    query_item_B: NDArray[np.int64],
    gallery_item_G: NDArray[np.int64],
    own_row_B: NDArray[np.int64],
    missing_G: NDArray[np.bool_],
) -> Ranked:
    """Compare unit rows by cosine; needs B x G floats of memory, so the caller chooses B.

    own_row_B: the gallery row that is the query itself and is left out for it, or `NONE`.
    missing_G: gallery rows without a vector: nobody finds them, though they count among the R right answers.
    A tie counts against the query. MAP@R is the mean, over the R right answers, of the precision at each
    that stands within the first R (Musgrave et al. 2020, "A metric learning reality check", section 3.2).
    """
    similarity_BG = query_BD @ gallery_GD.T
    right_BG = query_item_B[:, None] == gallery_item_G[None]
    similarity_BG[:, missing_G] = -np.inf
    rows = np.flatnonzero(own_row_B != NONE)
    similarity_BG[rows, own_row_B[rows]] = -np.inf
    right_BG[rows, own_row_B[rows]] = False
    rank_B = np.full(len(query_BD), NOT_FOUND, np.int64)
    average_precision_B = np.zeros(len(query_BD))
    for row, (similarity_G, right_G) in enumerate(zip(similarity_BG, right_BG, strict=True)):
        right_R = np.sort(similarity_G[right_G])[::-1]
        found = right_R[np.isfinite(right_R)]
        if len(found):
            at_least = np.asarray([np.count_nonzero(similarity_G >= value) for value in found])
            wrong = at_least - np.asarray([np.count_nonzero(found >= value) for value in found])
            rank_B[row] = wrong[0]
            order = np.arange(1, len(found) + 1)
            place = wrong + order
            precision = order / place
            average_precision_B[row] = precision[place <= len(right_R)].sum() / len(right_R)
    return Ranked(rank_B, average_precision_B)
