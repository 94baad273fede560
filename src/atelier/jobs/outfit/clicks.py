"""Selects the sets with a significantly high or low click rate, as positives and negatives."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from atelier.vocabulary import Click

MIN_SHOWINGS = 20
"""Sets that were shown less often are not judged."""
BAD_SHARE = 0.5
"""A set is bad whose click rate surely lies below this share of the mean."""
_DEVIATIONS = 1.64
"""Of a click rate; 95 % of the sets as good as the mean are called neither good nor bad."""


class Clicked(NamedTuple):
    """Ids of outfits whose click rate differs significantly from the mean; most outfits are in neither."""

    well: frozenset[str]
    """Their click rate is surely above the mean of all."""
    badly: frozenset[str]
    """It is surely below half of that mean."""


def judged_by(clicks: Iterable[Click]) -> Clicked:
    """Compare the click rate of each outfit with the mean of all."""
    shown: dict[str, int] = defaultdict(int)
    clicked: dict[str, int] = defaultdict(int)
    for click in clicks:
        shown[click.outfit_id] += 1
        clicked[click.outfit_id] += click.clicked
    mean = sum(clicked.values()) / max(sum(shown.values()), 1)
    judged = {each: (clicked[each], num) for each, num in shown.items() if num >= MIN_SHOWINGS}
    return Clicked(
        well=frozenset(each for each, counts in judged.items() if _rate(*counts, -_DEVIATIONS) > mean),
        badly=frozenset(
            each for each, counts in judged.items() if _rate(*counts, _DEVIATIONS) < BAD_SHARE * mean
        ),
    )


def _rate(num_clicks: int, num: int, deviations: float) -> float:
    """Compute one bound of Wilson's interval of a share (Wilson 1927): the lower for negative deviations."""
    share, z2 = num_clicks / num, deviations**2
    spread = deviations * (share * (1 - share) / num + z2 / (4 * num**2)) ** 0.5
    return float((share + z2 / (2 * num) + spread) / (1 + z2 / num))
