"""A boxed item in a street and the shop's own photo of it come out of framing alike."""

from __future__ import annotations

import numpy as np
import pytest

from atelier.families.retrieval.framing import ASPECT, content_box, frame, frame_box, take
from atelier.vocabulary import Box


def item_on(background: tuple[int, int, int], size: tuple[int, int], at: Box) -> np.ndarray:
    """A picture [H, W, 3] of one colour with a red rectangle at `at`."""
    pixels = np.full((size[1], size[0], 3), background, np.uint8)
    pixels[round(at.y0) : round(at.y1), round(at.x0) : round(at.x1)] = (200, 10, 10)
    return pixels


@pytest.mark.parametrize("background", [(255, 255, 255), (200, 210, 190)])
def test_content_is_found_before_a_plain_background(background: tuple[int, int, int]) -> None:
    at = Box(12, 20, 36, 70)
    assert content_box(item_on(background, (60, 80), at)).as_tuple() == pytest.approx(at.as_tuple(), abs=1.5)


def test_jpeg_like_noise_does_not_hide_the_content() -> None:
    noise = np.random.default_rng(0).integers(-6, 7, (80, 60, 3))
    noisy = np.clip(item_on((240, 240, 240), (60, 80), Box(12, 20, 36, 70)) + noise, 0, 255).astype(np.uint8)
    assert content_box(noisy).as_tuple() == pytest.approx((12, 20, 36, 70), abs=1.5)


def test_a_cluttered_picture_is_framed_whole() -> None:
    clutter = np.random.default_rng(0).integers(0, 256, (80, 60, 3), dtype=np.uint8)
    assert content_box(clutter).as_tuple() == (0, 0, 60, 80)


def test_an_empty_picture_is_framed_whole() -> None:
    assert content_box(np.full((80, 60, 3), 255, np.uint8)).as_tuple() == (0, 0, 60, 80)


@pytest.mark.parametrize("box", [Box(10, 10, 90, 20), Box(40, 5, 50, 95), Box(-20, -20, 30, 30)])
def test_a_frame_has_one_shape_and_holds_its_box(box: Box) -> None:
    framed = frame_box(np.zeros((100, 100, 3), np.uint8), box)
    assert (framed.x1 - framed.x0) / (framed.y1 - framed.y0) == pytest.approx(ASPECT)
    assert framed.x0 <= box.x0 < box.x1 <= framed.x1
    assert framed.y0 <= box.y0 < box.y1 <= framed.y1


def test_beyond_the_edges_the_border_is_repeated() -> None:
    pixels = item_on((9, 9, 9), (40, 40), Box(0, 0, 40, 10))
    framed = frame(pixels, Box(0, 0, 40, 10))
    assert framed.shape[0] > 40
    assert (framed[0] == (200, 10, 10)).all()
    assert (framed[-1] == 9).all()


def test_taking_a_box_is_picking_its_pixels_one_by_one() -> None:
    rng = np.random.default_rng(0)
    for _ in range(500):
        width, height = rng.integers(1, 30, 2)
        pixels = rng.integers(0, 255, (height, width, 3), dtype=np.uint8)
        x0, y0 = rng.uniform(-40, width), rng.uniform(-40, height)
        box = Box(
            x0, y0, max(x0 + 0.1, rng.uniform(0, width + 40)), max(y0 + 0.1, rng.uniform(0, height + 40))
        )
        edges = np.floor(np.asarray(box.as_tuple()) + 0.5).astype(int)
        columns = np.arange(edges[0], max(edges[0] + 1, edges[2])).clip(0, width - 1)
        rows = np.arange(edges[1], max(edges[1] + 1, edges[3])).clip(0, height - 1)
        assert np.array_equal(take(pixels, box), pixels[rows[:, None], columns])


def test_a_boxed_item_in_a_street_lines_up_with_its_catalogue_photo() -> None:
    catalogue = frame(item_on((255, 255, 255), (60, 80), Box(10, 30, 50, 50)))
    street = frame(item_on((90, 80, 70), (400, 500), Box(100, 200, 180, 240)), Box(100, 200, 180, 240))
    for framed in (catalogue, street):
        height, width = framed.shape[:2]
        red = (framed[..., 0] == 200) & (framed[..., 1] == 10)
        rows, columns = np.flatnonzero(red.any(axis=1)), np.flatnonzero(red.any(axis=0))
        assert columns[0] / width == pytest.approx(0.04, abs=0.03)
        assert rows[0] / height == pytest.approx(0.33, abs=0.04)
        assert rows[-1] / height == pytest.approx(0.67, abs=0.04)
