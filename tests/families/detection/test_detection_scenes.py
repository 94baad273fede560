"""Composed scenes tell the truth: a box is where its product was drawn, in every view."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from atelier.datasets.batches import CutoutBatch
from atelier.families.detection.config import SceneConfig
from atelier.families.detection.scenes import Streets, View, close_views, compose, whole_views

NUM, FRAME = 16, 40
CALM = SceneConfig(
    plain_share=0,
    bare_share=0,
    exposure=(1, 1),
    contrast=(1, 1),
    cast=0,
    shade=0,
    noise=0,
    blur_share=0,
)


def red_products() -> CutoutBatch:
    """Red rectangles of several shapes on nothing."""
    frames = torch.zeros(NUM, 4, FRAME, FRAME, dtype=torch.uint8)
    extents = torch.zeros(NUM, 4)
    for row in range(NUM):
        wide, high = 8 + row, 18 - row // 2
        middle = FRAME // 2
        frames[row, 0] = 255
        frames[row, 3, middle - high : middle + high, middle - wide // 2 : middle + wide // 2] = 255
        extents[row] = torch.tensor([-(wide // 2), -high, wide // 2, high]) * 2 / FRAME
    return CutoutBatch(frames, extents, torch.zeros(NUM, dtype=torch.int64))


def green_streets(boxes: Tensor, kinds: Tensor) -> Streets:
    """A green street with a blue rectangle where its first box is."""
    pixels = torch.zeros(1, 3, 120, 80, dtype=torch.uint8)
    pixels[:, 1] = 200
    x0, y0, x1, y1 = (boxes[0, 0] * torch.tensor([80, 120, 80, 120])).int().tolist()
    pixels[:, :, y0:y1, x0:x1] = torch.tensor([0, 0, 255], dtype=torch.uint8)[:, None, None]
    return Streets(pixels, boxes, kinds)


WORN = green_streets(torch.tensor([[[0.3, 0.25, 0.6, 0.7], [0.0, 0.0, 1.0, 1.0]]]), torch.tensor([[3, -1]]))


def box_of(mask: Tensor) -> np.ndarray:
    rows, columns = np.nonzero(mask.numpy())
    size = len(mask)
    return np.asarray([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]) / size


def views(config: SceneConfig, seed: int, size: int = 128) -> tuple[View, View]:
    generator = torch.Generator().manual_seed(seed)
    scenes = compose(red_products(), WORN, config, generator)
    return (
        whole_views(scenes, WORN, size, config, generator),
        close_views(scenes, WORN, size, config, generator),
    )


@pytest.mark.parametrize("which", [0, 1])
def test_a_product_is_drawn_where_its_box_says(which: int) -> None:
    view = views(CALM, seed=1)[which]
    for row in range(NUM):
        drawn = box_of(view.pixels_B3SS[row, 0] > 0.5)
        assert np.abs(drawn - view.boxes_BR4[row, 0].numpy()).max() < 0.035
    assert view.has_main_B.all()


def test_a_worn_item_is_where_its_box_says_in_parts_and_mirrored() -> None:
    bare = SceneConfig(**{**CALM.__dict__, "bare_share": 1.0})
    view = views(bare, seed=2)[0]
    seen = [row for row in range(NUM) if view.kinds_BR[row, 1] >= 0]
    assert len(seen) > NUM / 2
    for row in seen:
        drawn = box_of(view.pixels_B3SS[row, 2] > 0.5)
        assert np.abs(drawn - view.boxes_BR4[row, 1].numpy()).max() < 0.035
    assert not view.has_main_B.any()
    assert (view.kinds_BR[:, 0] == -1).all()


def test_what_a_product_covers_and_what_a_plain_background_replaces_is_not_asked_for() -> None:
    plain = SceneConfig(**{**CALM.__dict__, "plain_share": 1.0})
    assert (views(plain, seed=3)[0].kinds_BR[:, 1:] == -1).all()
    large = SceneConfig(**{**CALM.__dict__, "height_share": (0.95, 0.95), "street_part": (1.0, 1.0)})
    view = views(large, seed=3)[0]
    assert (view.kinds_BR[-4:, 1] == -1).any(), "the widest products hide what is worn behind them"


def test_the_same_seed_composes_the_same_scenes() -> None:
    first, again, other = (views(SceneConfig(), seed)[0] for seed in (5, 5, 6))
    assert torch.equal(first.pixels_B3SS, again.pixels_B3SS)
    assert torch.equal(first.boxes_BR4, again.boxes_BR4)
    assert not torch.equal(first.pixels_B3SS, other.pixels_B3SS)
    assert first.pixels_B3SS.min() >= 0
    assert first.pixels_B3SS.max() <= 1
