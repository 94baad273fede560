"""Builds questions for a generator: fill in the blank, and compatibility. NumPy only.

S = sets, P = places, Q = questions, A = answers (the first is right), N = items, D = vector
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]
Draw = Callable[[int, np.random.Generator], Ints]
"""Wrong answers for a right one: item -> some others. NoAnswers: there are too few."""
_TIE = 1e-6


class Generator(Protocol):
    """Predicts the vector of the piece that completes a set."""

    def queries(self, pieces_BPD: Floats, num_B: Ints) -> Floats:
        """Compute unit rows [B, D] near the items that complete the first `num_B` pieces of each set; the
        rest are zero.
        """
        ...


@dataclass(frozen=True, eq=False)
class Blanks:
    """Sets with one piece blanked out, and answers to choose from."""

    rows_QP: Ints
    """The other pieces, in the set's order; -1 behind the last."""
    answers_QA: Ints

    def __len__(self) -> int:
        return len(self.rows_QP)


class NoAnswers(Exception):  # noqa: N818 - a signal between `Draw` and `blank_out`
    """There are too few wrong answers to a piece."""


def padded(sets: list[list[int]]) -> Ints:
    """Pad sets to one array, -1 behind the last piece."""
    longest = max(map(len, sets), default=0)
    rows_SP = np.full((len(sets), longest), -1, np.int64)
    for number, pieces in enumerate(sets):
        rows_SP[number, : len(pieces)] = pieces
    return rows_SP


def blank_out(rows_SP: Ints, draw: Draw, seed: int, *, all_pieces: bool = False) -> Blanks:
    """Ask each set for one of its pieces, any of them, beside wrong answers that `draw` gives.

    `all_pieces` asks for each in turn. Pieces to which there are too few wrong answers are not asked for.
    """
    rng = np.random.default_rng(seed)
    contexts: list[list[int]] = []
    answers: list[Ints] = []
    for pieces in rows_SP:
        known = pieces[pieces >= 0]
        for place in range(len(known)) if all_pieces else [int(rng.integers(len(known)))]:
            try:
                wrong = draw(int(known[place]), rng)
            except NoAnswers:
                continue
            contexts.append(np.delete(known, place).tolist())
            answers.append(np.concatenate([known[place : place + 1], wrong]))
    return Blanks(padded(contexts), np.stack(answers) if answers else np.zeros((0, 4), np.int64))


def by_frequency(rows_SP: Ints, num_items: int, num_wrong: int = 3) -> Draw:
    """Draw negatives as often as items stand in these sets; all different, none of them correct."""
    counts_N = np.bincount(rows_SP[rows_SP >= 0], minlength=num_items).astype(float)

    def draw(right: int, rng: np.random.Generator) -> Ints:
        chance_N = counts_N.copy()
        chance_N[right] = 0
        if np.count_nonzero(chance_N) < num_wrong:
            raise NoAnswers
        return rng.choice(num_items, num_wrong, replace=False, p=chance_N / chance_N.sum())

    return draw


def within_category(category_N: Ints, source_N: Ints, num_wrong: int = 3) -> Draw:
    """Draw negatives of the correct piece's category, from other sources (photos, sets), all different."""

    def draw(right: int, rng: np.random.Generator) -> Ints:
        others = np.flatnonzero((category_N == category_N[right]) & (source_N != source_N[right]))
        if len(others) < num_wrong:
            raise NoAnswers
        return rng.choice(others, num_wrong, replace=False)

    return draw


def made_up(rows_SP: Ints, category_N: Ints, source_N: Ints, seed: int) -> tuple[Ints, Ints]:
    """Pair each real set with one of the same categories whose pieces come each from another source.

    Sets for which there are not enough other items are left out of both.
    """
    rng = np.random.default_rng(seed)
    good, bad = [], []
    for pieces in rows_SP:
        known, used, drawn = pieces[pieces >= 0], {int(source_N[pieces[0]])}, []
        for piece in known:
            others = np.flatnonzero(category_N == category_N[piece])
            others = others[~np.isin(source_N[others], list(used))]
            if not len(others):
                break
            drawn.append(int(rng.choice(others)))
            used.add(int(source_N[drawn[-1]]))
        if len(drawn) == len(known):
            good.append(known.tolist())
            bad.append(drawn)
    return padded(good), padded(bad)


def queries_of(generator: Generator, items_ND: Floats, rows_QP: Ints) -> Floats:
    """Compute unit queries [Q, D] for partial sets; -1 in `rows_QP` stands behind the last piece."""
    known_QP = rows_QP >= 0
    return generator.queries(items_ND[np.maximum(rows_QP, 0)] * known_QP[..., None], known_QP.sum(1))


def compatibility(generator: Generator, items_ND: Floats, rows_SP: Ints) -> NDArray[np.float64]:
    """Score the compatibility of each set: the mean cosine of each piece with the query of the others."""
    number_Q, rows_QP, target_Q = leave_one_out(rows_SP)
    cosine_Q = (queries_of(generator, items_ND, rows_QP) * items_ND[target_Q]).sum(1)
    return np.bincount(number_Q, cosine_Q) / np.bincount(number_Q)


def ranks_within_category(queries_QD: Floats, right_Q: Ints, items_ND: Floats, same_category_N: Ints) -> Ints:
    """Count the items of the same category that score above the correct one, for each question; a tie counts
    half, rounded.
    """
    rank_Q = np.zeros(len(right_Q), np.int64)
    for same_category in np.unique(same_category_N[right_Q]):
        asked = np.flatnonzero(same_category_N[right_Q] == same_category)
        scores_QK = queries_QD[asked] @ items_ND[same_category_N == same_category].T
        right_Q1 = (queries_QD[asked] * items_ND[right_Q[asked]]).sum(1, keepdims=True)
        above_QK, tied_QK = scores_QK > right_Q1 + _TIE, np.abs(scores_QK - right_Q1) <= _TIE
        rank_Q[asked] = above_QK.sum(1) + (tied_QK.sum(1) - 1).clip(0) // 2
    return rank_Q


def scores_of(queries_QD: Floats, answers_QA: Ints, items_ND: Floats) -> Floats:
    """Compute the cosine of each query with each of its answers [Q, A]."""
    return np.einsum("qd,qad->qa", queries_QD, items_ND[answers_QA])


def hits_of(scores_QA: Floats) -> NDArray[np.bool_]:
    """Find the questions whose first answer, the correct one, scores above all others; a tie is a miss."""
    return scores_QA[:, 0] > scores_QA[:, 1:].max(1)


def leave_one_out(rows_SP: Ints) -> tuple[Ints, Ints, Ints]:
    """Make a question of every piece of every set: its set's number, the other pieces [Q, P - 1], and
    itself.
    """
    number_Q, place_Q = np.nonzero(rows_SP >= 0)
    rows_QP = rows_SP[number_Q].copy()
    target_Q = rows_QP[np.arange(len(number_Q)), place_Q]
    later_QP = np.arange(rows_SP.shape[1]) >= place_Q[:, None]
    shifted_QP = np.concatenate([rows_QP[:, 1:], np.full((len(rows_QP), 1), -1)], 1)
    return number_Q, np.where(later_QP, shifted_QP, rows_QP)[:, :-1], target_Q
