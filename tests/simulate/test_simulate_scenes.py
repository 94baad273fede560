"""Places without a product in them."""

from __future__ import annotations

import numpy as np
import pytest

from atelier.simulate.scenes import SCENE_SIZE, SCENES, draw_scene


def test_scenes_are_cluttered_and_differ() -> None:
    first, second = (draw_scene(np.random.default_rng(seed)) for seed in (1, 2))
    assert first.shape == (*SCENE_SIZE[::-1], 3)
    assert first.std() > 20
    assert (first != second).any()


@pytest.mark.parametrize("place", sorted(SCENES))
@pytest.mark.parametrize("seed", range(2))
def test_every_place_can_be_drawn_and_follows_from_its_chance(place: str, seed: int) -> None:
    first, again = (draw_scene(np.random.default_rng(seed), [place]) for _ in range(2))
    assert first.shape == (*SCENE_SIZE[::-1], 3)
    assert first.dtype == np.uint8
    assert np.array_equal(first, again)
    assert first.std() > 15


def test_an_unknown_place_is_an_error() -> None:
    with pytest.raises(KeyError, match="moon"):
        draw_scene(np.random.default_rng(0), ["moon"])
