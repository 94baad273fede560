"""Which sets were clicked badly: negatives of the DSSM alignment, from what users were shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from atelier.vocabulary import Click

LEAST_SHOWINGS = 20
"""Sets that were shown less often are not judged."""
BAD_SHARE = 0.5
"""A set is bad whose click rate surely lies below this share of the mean."""
_DEVIATIONS = 1.64
"""Of a click rate; 95 % of the sets as good as the mean are not called bad."""


def badly_clicked(clicks: Iterable[Click]) -> frozenset[str]:
    """Ids of outfits whose click rate is surely below half of the mean of all."""
    shown: dict[str, int] = defaultdict(int)
    clicked: dict[str, int] = defaultdict(int)
    for click in clicks:
        shown[click.outfit_id] += 1
        clicked[click.outfit_id] += click.clicked
    if not shown:
        return frozenset()
    limit = BAD_SHARE * sum(clicked.values()) / sum(shown.values())
    return frozenset(
        outfit_id
        for outfit_id, num in shown.items()
        if num >= LEAST_SHOWINGS and _highest_rate(clicked[outfit_id], num) < limit
    )


def _highest_rate(num_clicks: int, num: int) -> float:
    """The upper end of Wilson's interval of a share (Wilson 1927), one-sided 95 %."""
    share, z2 = num_clicks / num, _DEVIATIONS**2
    spread = _DEVIATIONS * (share * (1 - share) / num + z2 / (4 * num**2)) ** 0.5
    return float((share + z2 / (2 * num) + spread) / (1 + z2 / num))
