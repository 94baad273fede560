"""Several framings of one item, the given one first."""

from __future__ import annotations

import numpy as np
import pytest

from atelier.errors import QueryError
from atelier.families.retrieval.inference import crop, prepare
from atelier.families.retrieval.looks import NARROW, WIDE, QueryCrop, look_boxes, prepared_looks
from atelier.vocabulary import Box


def noise(height: int = 120, width: int = 90) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8)


@pytest.mark.parametrize("looks", [NARROW, WIDE])
def test_the_first_look_is_the_photo_as_the_catalogue_would_be_framed(looks: tuple[QueryCrop, ...]) -> None:
    pixels, box = noise(), Box(20, 30, 60, 90)
    seen = prepared_looks(pixels, box, 16, looks)
    assert seen.shape == (len(looks), 3, 16, 16)
    np.testing.assert_array_equal(seen[0], prepare(crop(pixels, box), 16))
    assert len({look.tobytes() for look in seen}) == len(looks), "each look is another"


def test_looks_move_and_scale_the_box_in_shares_of_its_sides() -> None:
    (moved,) = look_boxes(Box(10, 20, 30, 60), (QueryCrop(1.5, 0.1, -0.25),))
    assert moved.as_tuple() == pytest.approx((20 + 2 - 15, 40 - 10 - 30, 20 + 2 + 15, 40 - 10 + 30))


def test_without_a_box_the_item_before_a_plain_background_is_looked_at() -> None:
    pixels = np.full((100, 100, 3), 255, np.uint8)
    pixels[40:80, 35:65] = (10, 20, 200)
    found, given = prepared_looks(pixels, None, 16), prepared_looks(pixels, Box(35, 40, 65, 80), 16)
    assert np.abs(found - given).mean() < 0.08


def test_a_box_beside_the_picture_is_refused() -> None:
    with pytest.raises(QueryError, match="lies outside the picture"):
        prepared_looks(noise(), Box(200, 0, 300, 50), 16)
