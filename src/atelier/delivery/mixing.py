"""Experts' and generated sets in one stream, with a set share of generated ones.

Which places are generated ones follows from the share and the start alone, never from scores or draws: so
two rankers face the same places, and the probabilities of either stream hold in the mixed one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Generic, TypeVar

T = TypeVar("T")
_FINEST = 1000
"""Shares are fractions with at most this denominator."""


@dataclass(frozen=True)
class Mixed(Generic[T]):
    """One stream of two."""

    sets: tuple[T, ...]
    generated: tuple[bool, ...]
    """Whether the set at each place is a generated one."""
    num_shared: int
    """Places over which the share holds: those after it had one kind of sets only to choose from."""


def mix(
    experts: Sequence[T], generated: Sequence[T], generated_share: float, num: int, start: int = 0
) -> Mixed[T]:
    """Merge two streams into the first `num` places; both keep their order from their first.

    A share of 7/10 puts exactly 7 generated sets into any 10 places in a row, and into any W places in a row
    the whole number below or above 0.7 W. `start` moves the pattern on by as many of its places: see
    `num_starts`. Where one stream runs out, the other fills the places that are left.
    """
    sets: list[T] = []
    kinds: list[bool] = []
    num_shared: int | None = None
    taken = {False: 0, True: 0}
    streams = {False: experts, True: generated}
    for wanted in pattern(generated_share, min(num, len(experts) + len(generated)), start):
        kind = wanted
        if taken[kind] == len(streams[kind]):
            kind = not wanted
            num_shared = len(sets) if num_shared is None else num_shared
        sets.append(streams[kind][taken[kind]])
        kinds.append(kind)
        taken[kind] += 1
    return Mixed(tuple(sets), tuple(kinds), len(sets) if num_shared is None else num_shared)


def pattern(generated_share: float, num: int, start: int = 0) -> list[bool]:
    """Mark the places of `num` for generated sets, as evenly as possible.

    The line of slope `generated_share` on paper of squares (Bresenham 1965): a place is a generated one where
    the line crosses into the next row.
    """
    share = _fraction(generated_share)
    rows = [(share.numerator * (start + place)) // share.denominator for place in range(num + 1)]
    return [after > before for before, after in pairwise(rows)]


def num_starts(generated_share: float) -> int:
    """Count the patterns; with a uniform draw of the start each place is generated with the share."""
    return _fraction(generated_share).denominator


def _fraction(generated_share: float) -> Fraction:
    share = Fraction(generated_share).limit_denominator(_FINEST)
    if not 0 <= share <= 1 or abs(share - Fraction(generated_share)) > Fraction(1, 10**9):
        raise ValueError(
            f"a share of generated sets is a fraction from 0 to 1 with a denominator of at most {_FINEST}, "
            f"as 0.7 or 1/3, not {generated_share!r}"
        )
    return share
