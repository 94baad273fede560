"""Picks the next piece of partial sets: scores a sample of the allowed items and draws one of the best.

G = sets that are continued with the same shelves, P = pieces, M = candidates, K = the best of these,
R = rows of the pool, D = embedding
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from atelier.families.outfit.pool import Floats, Ints, Shelf


@dataclass(frozen=True)
class Assembly:
    """Parameters of assembling sets, from the best piece each time to variety."""

    num_candidates: int = 2048
    """Items that are looked at for a piece: another random part of what is allowed each time."""
    num_best: int = 16
    """Of these, the best that one is drawn from."""
    temperature: float = 0.05
    """Of that draw, in cosines: 0 takes the best."""
    variety: float = 0.0
    """How much a piece is held away from those already in the set, in cosines to their middle."""
    most_uses: int | None = None
    """Sets of one call that an item may stand in, besides those that it begins."""


class Picker:
    """Takes rows of a pool, and remembers how often it took each where that is limited."""

    def __init__(
        self, vectors_RD: Floats, assembly: Assembly, seed: int, limits_R: Ints | None = None
    ) -> None:
        """`limits_R`: how often each row may be taken, instead of the assembly's one limit for all."""
        self.rng = np.random.default_rng(seed)
        self._vectors_RD = vectors_RD
        self._assembly = assembly
        self._left_R = limits_R
        """How often each row may still be taken; None where that is not counted."""
        if limits_R is None and assembly.most_uses is not None:
            self._left_R = np.full(len(vectors_RD), assembly.most_uses, np.int64)

    def draw(self, num: int, stretch: slice = slice(None)) -> Ints:
        """Draw different random rows of a slice, which count as taken; fewer where there are no more."""
        rows = self._free(np.arange(len(self._vectors_RD))[stretch])
        rows = self.rng.choice(rows, min(num, len(rows)), replace=False)
        if self._left_R is not None:
            self._left_R[rows] -= 1
        return rows

    def pick(self, shelves: Sequence[Shelf], queries_GD: Floats, taken_GP: Ints) -> Ints:
        """Pick a row [G] for each set; -1 for those without an allowed item.

        taken_GP: rows that stand in the sets; -1 for none.
        """
        picked_G = np.full(len(queries_GD), -1, np.int64)
        waiting = np.arange(len(queries_GD))
        while len(waiting):
            candidates = self._candidates(shelves)
            picked_G[waiting] = self._pick_among(queries_GD[waiting], taken_GP[waiting], candidates)
            left = waiting[picked_G[waiting] < 0]
            if len(left) == len(waiting):
                break
            waiting = left
        return picked_G

    def _candidates(self, shelves: Sequence[Shelf]) -> Ints:
        """Rows from every shelf, a random stretch of it by its share: shelves stand in random order."""
        first_S = np.array([shelf.first for shelf in shelves])
        length_S = np.array([len(shelf) for shelf in shelves])
        share_S = self._assembly.num_candidates * length_S // max(int(length_S.sum()), 1)
        size_S = np.minimum(length_S, np.maximum(share_S, 2 * self._assembly.num_best))
        start_S = self.rng.integers(length_S)
        step_M = np.arange(size_S.sum()) - np.repeat(np.cumsum(size_S) - size_S, size_S)
        at_M = (np.repeat(start_S, size_S) + step_M) % np.repeat(length_S, size_S)
        free = self._free(np.repeat(first_S, size_S) + at_M)
        return free if len(free) else self._unused(shelves)

    def _unused(self, shelves: Sequence[Shelf]) -> Ints:
        """All rows that may still be taken: asked where a random part holds none."""
        rows = np.concatenate([np.arange(shelf.first, shelf.last) for shelf in shelves])
        return self._free(rows)

    def _free(self, rows: Ints) -> Ints:
        """Those of some rows that may still be taken."""
        return rows if self._left_R is None else rows[self._left_R[rows] > 0]

    def _pick_among(self, queries_GD: Floats, taken_GP: Ints, candidates_M: Ints) -> Ints:
        """One candidate for each set, drawn from its best; -1 where others were first to use these up."""
        num_sets, num_best = len(queries_GD), min(self._assembly.num_best, len(candidates_M))
        picked_G = np.full(num_sets, -1, np.int64)
        if num_best == 0:
            return picked_G
        order_GK, allowed_GK = self._drawn(queries_GD, taken_GP, candidates_M, num_best)
        for rank in range(num_best):
            waiting = np.flatnonzero((picked_G < 0) & allowed_GK[:, rank])
            if not len(waiting):
                continue
            rows = candidates_M[order_GK[waiting, rank]]
            if self._left_R is None:
                picked_G[waiting] = rows
            else:
                free = _within_uses(rows, self._left_R)
                picked_G[waiting[free]] = rows[free]
                np.subtract.at(self._left_R, rows[free], 1)
            if (picked_G >= 0).all():
                break
        return picked_G

    def _drawn(
        self, queries_GD: Floats, taken_GP: Ints, candidates_M: Ints, num_best: int
    ) -> tuple[Ints, NDArray[np.bool_]]:
        """The best candidates of each set in the order of a draw, and which of them it may have."""
        scores_GM = queries_GD @ self._vectors_RD[candidates_M].T
        _forbid(scores_GM, taken_GP, candidates_M)
        best_GK = np.argpartition(scores_GM, -num_best, axis=1)[:, -num_best:]
        score_GK = np.take_along_axis(scores_GM, best_GK, axis=1)
        drawn_GK = score_GK
        if self._assembly.temperature > 0:
            drawn_GK = score_GK + self._assembly.temperature * self.rng.gumbel(size=score_GK.shape)
        order_GK = np.argsort(-drawn_GK, axis=1)
        return (
            np.take_along_axis(best_GK, order_GK, axis=1),
            np.isfinite(np.take_along_axis(score_GK, order_GK, axis=1)),
        )


def _forbid(scores_GM: NDArray[np.float32], taken_GP: Ints, candidates_M: Ints) -> None:
    """An item stands in a set once: minus infinity for what the set holds already."""
    order = np.argsort(candidates_M)
    ordered = candidates_M[order]
    for taken_G in taken_GP.T:
        at = np.minimum(np.searchsorted(ordered, taken_G), len(ordered) - 1)
        there = np.flatnonzero(ordered[at] == taken_G)
        scores_GM[there, order[at[there]]] = -np.inf


def _within_uses(rows: Ints, left_R: Ints) -> NDArray[np.bool_]:
    """Which of these uses, one after the other, stay within what is left of each."""
    order = np.argsort(rows, kind="stable")
    ordered = rows[order]
    starts = np.r_[0, np.flatnonzero(ordered[1:] != ordered[:-1]) + 1]
    rank = np.arange(len(rows)) - np.repeat(starts, np.diff(np.r_[starts, len(rows)]))
    free = np.empty(len(rows), dtype=bool)
    free[order] = rank < left_R[ordered]
    return free
