"""Predicts the article type of a photo from the network and from its nearest catalogue items.

B = photos, C = categories, K = neighbours
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NUM_NEIGHBOURS = 10
"""Catalogue items that are asked."""
_TEMPERATURE = 0.05
"""Of the neighbours' votes: one that is 0.05 less similar counts a factor e less."""
_NEIGHBOUR_SHARE = 0.5
"""Weight of the neighbours against the network."""


def recognise(
    probability_BC: NDArray[np.float32],
    similarity_BK: NDArray[np.float32],
    category_BK: NDArray[np.int64],
) -> NDArray[np.float32]:
    """Compute category probabilities [B, C] from the network and its nearest catalogue items together.

    similarity_BK: cosines of the K nearest items, best first. category_BK: their category numbers, -1 for one
    that the network does not know. A photo without a known neighbour keeps the network's opinion.

    The soft vote of k-nearest-neighbour classifiers on learned features (Wu et al. 2018, section 3.4): rare
    article types, of which a classifier has seen few, are often told by the items next to them.
    """
    known_BK = category_BK >= 0
    best_B1 = similarity_BK.max(axis=1, keepdims=True, initial=-1.0)
    vote_BK = np.where(known_BK, np.exp((similarity_BK - best_B1) / _TEMPERATURE), 0)
    vote_BC = np.zeros_like(probability_BC)
    rows = np.broadcast_to(np.arange(len(category_BK))[:, None], category_BK.shape)
    np.add.at(vote_BC, (rows[known_BK], category_BK[known_BK]), vote_BK[known_BK].astype(np.float32))
    total_B1 = vote_BC.sum(axis=1, keepdims=True)
    share_B1 = np.where(total_B1 > 0, _NEIGHBOUR_SHARE, 0)
    together_BC = (1 - share_B1) * probability_BC + share_B1 * vote_BC / np.maximum(total_B1, 1e-9)
    return np.asarray(together_BC, np.float32)
