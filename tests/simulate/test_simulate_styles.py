"""Styles match both ways; usage and pattern hint at a garment's style."""

from __future__ import annotations

import numpy as np
import pytest

from atelier.simulate.styles import BEDROOM_STYLES, FASHION_STYLES, garment_style, style_match
from atelier.simulate.world import make_item


@pytest.mark.parametrize("styles", [FASHION_STYLES, BEDROOM_STYLES])
def test_any_two_styles_of_a_trade_go_together_or_clash_both_ways(styles: tuple[str, ...]) -> None:
    matches = {(a, b): style_match(a, b) for a in styles for b in styles}
    assert all(matches[a, b] == matches[b, a] for a, b in matches)
    assert all((match == 1.0) == (a == b) for (a, b), match in matches.items())
    assert min(matches.values()) == 0.0
    assert max(match for (a, b), match in matches.items() if a != b) > 0.8


def test_a_garment_s_usage_hints_at_its_style_but_does_not_tell_it() -> None:
    world = [make_item(5, number) for number in range(1500)]
    sporty = [item.style for item in world if item.item.usage == "Sports"]
    formal = [item.style for item in world if item.item.usage == "Formal"]
    assert sporty.count("Sporty") / len(sporty) > 2 * formal.count("Sporty") / len(formal)
    assert set(sporty) == set(formal) == set(FASHION_STYLES)
    told = [item.item.style for item in world]
    assert all(one in {item.style, None} for one, item in zip(told, world, strict=True))
    assert 0.15 < told.count(None) / len(told) < 0.25


def test_styles_of_two_trades_do_not_match_at_all() -> None:
    with pytest.raises(KeyError):
        style_match("Boho", "Rustic")


@pytest.mark.parametrize(
    ("usage", "pattern", "style"),
    [("Sports", "plain", "Sporty"), ("Party", "plain", "Glam"), ("Formal", "pinstriped", "Classic")],
)
def test_the_strongest_hint_gives_the_commonest_style(usage: str, pattern: str, style: str) -> None:
    rng = np.random.default_rng(0)
    drawn = [garment_style(usage, pattern, rng) for _ in range(400)]
    assert max(set(drawn), key=drawn.count) == style


def test_without_a_hint_styles_are_even() -> None:
    rng = np.random.default_rng(0)
    drawn = [garment_style("Home", "plain", rng) for _ in range(3000)]
    shares = [drawn.count(style) / len(drawn) for style in FASHION_STYLES]
    assert shares == pytest.approx([1 / 6] * 6, abs=0.03)
