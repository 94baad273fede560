"""What a generator is asked: which piece is missing, and which set is a real one. NumPy only.

S = sets, P = places, Q = questions, A = answers (the first is right), N = items
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]
Draw = Callable[[int, np.random.Generator], Ints]
"""Wrong answers for a right one: item -> some others."""


@dataclass(frozen=True, eq=False)
class Blanks:
    """Sets with one piece blanked out, and answers to choose from."""

    rows_QP: Ints
    """The other pieces, in the set's order; -1 behind the last."""
    answers_QA: Ints

    def __len__(self) -> int:
        return len(self.rows_QP)


def padded(sets: list[list[int]]) -> Ints:
    """Sets as one array, -1 behind the last piece."""
    longest = max(map(len, sets), default=0)
    rows_SP = np.full((len(sets), longest), -1, np.int64)
    for number, pieces in enumerate(sets):
        rows_SP[number, : len(pieces)] = pieces
    return rows_SP


def blank_out(rows_SP: Ints, draw: Draw, seed: int) -> Blanks:
    """Ask each set for one of its pieces, any of them, beside wrong answers that `draw` gives."""
    rng = np.random.default_rng(seed)
    contexts: list[list[int]] = []
    answers: list[Ints] = []
    for pieces in rows_SP:
        known = pieces[pieces >= 0]
        place = int(rng.integers(len(known)))
        contexts.append(np.delete(known, place).tolist())
        answers.append(np.concatenate([known[place : place + 1], draw(int(known[place]), rng)]))
    return Blanks(padded(contexts), np.stack(answers))


def by_frequency(rows_SP: Ints, num_items: int, num_wrong: int = 3) -> Draw:
    """Wrong answers as often as items stand in these sets; all different, none of them right."""
    counts_N = np.bincount(rows_SP[rows_SP >= 0], minlength=num_items).astype(float)

    def draw(right: int, rng: np.random.Generator) -> Ints:
        chance_N = counts_N.copy()
        chance_N[right] = 0
        return rng.choice(num_items, num_wrong, replace=False, p=chance_N / chance_N.sum())

    return draw


def within_category(category_N: Ints, source_N: Ints, num_wrong: int = 3) -> Draw:
    """Wrong answers of the right one's own category, from other sources (photos, sets), all different."""

    def draw(right: int, rng: np.random.Generator) -> Ints:
        others = np.flatnonzero((category_N == category_N[right]) & (source_N != source_N[right]))
        return rng.choice(others, num_wrong, replace=False)

    return draw


def scores_of(queries_QD: Floats, answers_QA: Ints, items_ND: Floats) -> Floats:
    """Cosine of each query with each of its answers [Q, A]."""
    return np.einsum("qd,qad->qa", queries_QD, items_ND[answers_QA])


def leave_one_out(rows_SP: Ints) -> tuple[Ints, Ints, Ints]:
    """Every piece of every set as a question: its set's number, the other pieces [Q, P - 1], and itself."""
    number_Q, place_Q = np.nonzero(rows_SP >= 0)
    rows_QP = rows_SP[number_Q].copy()
    target_Q = rows_QP[np.arange(len(number_Q)), place_Q]
    later_QP = np.arange(rows_SP.shape[1]) >= place_Q[:, None]
    shifted_QP = np.concatenate([rows_QP[:, 1:], np.full((len(rows_QP), 1), -1)], 1)
    return number_Q, np.where(later_QP, shifted_QP, rows_QP)[:, :-1], target_Q
