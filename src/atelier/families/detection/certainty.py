"""Tests how reliable a found box is."""

from __future__ import annotations

from atelier.families.detection.inference import FoundItem

PLAIN = "item"
"""Category of what stands before a plain background, which no network looked at."""


def is_certain(found: FoundItem) -> bool:
    """Test whether the box is exact: the item stands on a plain background."""
    return found.category == PLAIN
