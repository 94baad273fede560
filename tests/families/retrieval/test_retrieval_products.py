"""Frames of products, and the batches that training reads."""

from __future__ import annotations

from dataclasses import replace

import pytest
from retrieval_toys import (
    COLOURS,
    rectangles,
)

from atelier.families.retrieval.products import FRAME_SIDE, Products


@pytest.fixture(scope="module")
def products() -> Products:
    return rectangles()


def test_a_frame_keeps_the_product_and_its_place(products: Products) -> None:
    tall, wide = products.frames_N4FF[0], products.frames_N4FF[4]
    assert tall.shape == (4, FRAME_SIDE, FRAME_SIDE)
    assert (tall[:3, 40, 40] == COLOURS[0]).all()
    assert tall[3, 40, 40] == 255
    assert tall[3, 40, 2] == 0
    assert wide[3, 3, 40] == 0
    x0, y0, x1, y1 = products.extents_N4[0]
    assert (y0, y1) == pytest.approx((-0.92, 0.92), abs=0.06)
    assert (x0, x1) == pytest.approx((-0.41, 0.41), abs=0.06)


def test_batches_carry_the_shoppers_photo_where_there_is_one(products: Products) -> None:
    batch = products.collate(products.__getitems__([3, 0]))
    assert batch.has_shopper_B.tolist() == [True, False]
    assert batch.shopper_frames_B3FF[0].unique().tolist() == [77]
    assert batch.item_B.tolist() == [3, 0]


def test_labelled_photos_ride_with_one_product_in_six(products: Products) -> None:
    batch = products.collate(products.__getitems__([5, 4, 3, 2, 1, 0]))
    assert batch.label_L.tolist() == [0], "product 5 brings photo 1"
    assert batch.labelled_frames_L3FF.unique().tolist() == [99]
    none = replace(products, label_P=products.label_P[:0]).__getitems__([0, 1, 2, 3, 4, 5])
    assert len(none.label_L) == 0
