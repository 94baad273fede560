"""Views are pictures that show the product, and depend on the generator alone."""

from __future__ import annotations

import pytest
import torch
from retrieval_toys import (
    generator,
    rectangles,
    streets,
)

from atelier.families.retrieval.augment import mirrored, street_views, tidy_views
from atelier.families.retrieval.config import AugmentConfig
from atelier.families.retrieval.products import FRAME_SIDE, Products


@pytest.fixture(scope="module")
def products() -> Products:
    return rectangles()


def test_views_are_pictures_and_depend_on_the_generator_alone(products: Products) -> None:
    batch, config = products.__getitems__(list(range(8))), AugmentConfig()

    def make(seed: int) -> torch.Tensor:
        return street_views(batch.frames_B4FF, batch.extents_B4, streets(), 32, config, generator(seed))

    views = make(1)
    assert views.shape == (8, 3, 32, 32)
    assert float(views.min()) >= 0
    assert float(views.max()) <= 1
    assert torch.equal(views, make(1))
    assert not torch.equal(views, make(2))


def test_a_view_without_any_wear_is_the_frame_itself(products: Products) -> None:
    still = AugmentConfig(
        tilt_degrees=0,
        zoom=0,
        shift=0,
        exposure=(1, 1),
        contrast=(1, 1),
        cast=0,
        shade=0,
        noise=0,
        blur_share=0,
    )
    frames = torch.from_numpy(products.frames_N4FF)
    views = tidy_views(frames, FRAME_SIDE, still, generator())
    middle = views[:, :, 30:50, 36:44]
    expected = frames[:, :3, 30:50, 36:44].float() / 255
    # Only the plain background's tint and the small jitter of zoom and perspective remain.
    assert float((middle - expected).abs().mean()) < 0.12


def test_mirroring_moves_the_extent_with_the_product() -> None:
    frames = torch.zeros(1, 4, 8, 8, dtype=torch.uint8)
    frames[..., :2] = 255
    flipped, extent = mirrored(
        frames, torch.tensor([[-1.0, -1, -0.5, 1]]), AugmentConfig(mirror_share=1), generator()
    )
    assert bool((flipped[..., -2:] == 255).all())
    assert extent.tolist() == [[0.5, -1, 1, 1]]
