"""A step looks at two views of each product and one of each labelled photo."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from retrieval_toys import generator, rectangles, streets

from atelier.datasets.batches import ProductBatch
from atelier.families.retrieval.config import RetrievalConfig
from atelier.families.retrieval.presets import debug
from atelier.families.retrieval.views import Views, make_views

CONFIG = debug().teacher
SIZE = CONFIG.network.image_size


@pytest.fixture(scope="module")
def batch() -> ProductBatch:
    """Eight products, the third of which has a shopper's photo, grey 77; one labelled photo rides along."""
    return rectangles().__getitems__(list(range(8)))


def _made(batch: ProductBatch, config: RetrievalConfig = CONFIG, seed: int = 0) -> Views:
    return make_views(batch, streets(), config, generator(seed))


def test_views_stand_first_second_labelled_and_each_part_is_found_again(batch: ProductBatch) -> None:
    views = _made(batch)
    num_labelled = len(batch.label_L)
    assert num_labelled == 1
    assert views.pixels_V3SS.shape == (2 * 8 + num_labelled, 3, SIZE, SIZE)
    assert views.pixels_V3SS.is_contiguous(memory_format=torch.channels_last)
    rows = torch.arange(17)
    assert views.of_products(rows).tolist() == list(range(16))
    assert views.of_labelled(rows).tolist() == [16]
    assert views.twice(batch.item_B).tolist() == [*range(8), *range(8)]


def test_pixels_are_between_black_and_white_and_follow_from_the_generator(batch: ProductBatch) -> None:
    first, again, other = _made(batch, seed=1), _made(batch, seed=1), _made(batch, seed=2)
    assert torch.equal(first.pixels_V3SS, again.pixels_V3SS)
    assert not torch.equal(first.pixels_V3SS, other.pixels_V3SS)
    assert 0 <= float(first.pixels_V3SS.min()) < float(first.pixels_V3SS.max()) <= 1


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_real_shopper_s_photo_takes_the_second_view_s_place_as_often_as_asked(
    batch: ProductBatch, share: float
) -> None:
    """The photo is evenly grey: what is left of it after light and noise has hardly any colour."""
    config = replace(CONFIG, augment=replace(CONFIG.augment, real_share=share, cast=0, noise=0))
    _, second = _made(batch, config).of_products(_made(batch, config).pixels_V3SS).chunk(2)
    colourful = (second.amax(1) - second.amin(1)).mean((1, 2)) > 0.02
    assert bool(colourful[3]) is (share == 0.0)
    assert bool(colourful[[0, 1, 2]].all())


def test_without_labelled_photos_there_are_two_views_of_each_product_alone(batch: ProductBatch) -> None:
    none = replace(batch, label_L=batch.label_L[:0], labelled_frames_L3FF=batch.labelled_frames_L3FF[:0])
    views = _made(none)
    assert len(views.pixels_V3SS) == 16
    assert len(views.of_labelled(views.pixels_V3SS)) == 0


def test_the_share_of_streets_decides_whose_background_is_busy(batch: ProductBatch) -> None:
    """In a corner, where no product is, a street of noise varies and a tidy view is flat."""

    def busy(share: float) -> torch.Tensor:
        augment = replace(CONFIG.augment, street_share=share, real_share=0.0, noise=0.0)
        views = _made(batch, replace(CONFIG, augment=augment))
        _, second = views.of_products(views.pixels_V3SS).chunk(2)
        corner = second[:, :, :4, :4]
        return (corner.std((2, 3)).mean(1) > 0.02).float()

    assert busy(0.0).sum() == 0
    assert busy(0.5).tolist() == [1.0] * 4 + [0.0] * 4
    assert busy(1.0).sum() == 8
