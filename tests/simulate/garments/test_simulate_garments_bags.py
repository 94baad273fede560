"""Bags, wallets and umbrellas show the shape and closing that their cut names."""

from __future__ import annotations

import numpy as np
import pytest
from simulated_drawings import drawn, mean_edge, mean_of


def test_a_bucket_bag_is_narrower_than_a_satchel_and_a_tote_has_longer_handles() -> None:
    assert mean_of("width_at", "Handbags", 115, shape="bucket") < mean_of(
        "width_at", "Handbags", 115, shape="satchel"
    )
    assert mean_edge("top", "Handbags", shape="tote") < mean_edge("top", "Handbags", shape="satchel") - 5


def test_one_sees_through_between_a_bag_and_its_handle() -> None:
    bag = drawn("Handbags", shape="tote")
    top = round(bag.box[1]) + 12
    assert np.count_nonzero(np.diff(bag.seen[2 * top].astype(int)) == 1) >= 2


@pytest.mark.parametrize(
    ("category", "feature", "values"),
    [
        ("Handbags", "closing", ("flap", "zip", "open")),
        ("Clutches", "shape", ("envelope", "frame", "pleated")),
        ("Backpacks", "style", ("school", "rucksack", "sport")),
        ("Wallets", "front", ("strap", "band", "clean")),
    ],
)
def test_choices_of_the_cut_look_different(category: str, feature: str, values: tuple[str, ...]) -> None:
    bags = [drawn(category, **{feature: value}) for value in values]
    assert min(a.differs_from(b) for i, a in enumerate(bags) for b in bags[:i]) > 0.01


def test_a_clutch_on_a_chain_reaches_higher_than_one_without() -> None:
    assert mean_edge("top", "Clutches", chain="chain") < mean_edge("top", "Clutches", chain="no") - 15


def test_a_bifold_wallet_is_wide_and_an_upright_one_tall() -> None:
    for fold, wide in (("bifold", True), ("upright", False)):
        x0, y0, x1, y1 = drawn("Wallets", fold=fold).box
        assert (x1 - x0 > y1 - y0) is wide


def test_only_a_hooked_umbrella_has_a_handle_that_leaves_the_middle() -> None:
    hooked, straight = (drawn("Umbrellas", handle=handle) for handle in ("hook", "straight"))
    assert hooked.seen[280:300, 136:156].any()
    assert not straight.seen[280:300, 136:156].any()


def test_the_second_pocket_of_a_backpack_is_of_the_second_colour() -> None:
    assert drawn("Backpacks", style="school").area_of("blue") > 500
