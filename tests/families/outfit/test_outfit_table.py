"""Facts of items as numbers."""

from __future__ import annotations

from atelier.families.outfit.table import codes_of

FACTS = {"season": ("Fall",), "category": ("Shoes", "Tops")}


def test_values_that_are_not_known_have_the_code_of_nothing() -> None:
    assert codes_of(FACTS, [{"category": "Tops"}, {"category": "Tents", "season": None}]).tolist() == [
        [0, 2],
        [0, 0],
    ]
    assert codes_of(FACTS, []).shape == (0, 2)
