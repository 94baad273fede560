"""How far a found box can be trusted."""

from __future__ import annotations

from atelier.families.detection.inference import FoundItem

PLAIN = "item"
"""Category of what stands before a plain background, which no network looked at."""


def is_certain(found: FoundItem) -> bool:
    """Whether the box is no guess: the item stands before a plain background."""
    return found.category == PLAIN
