"""Sets of simulated items for the collage benchmarks, with photos as a shop has them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from atelier.simulate.catalogue import catalogue_photo, draw_item
from atelier.simulate.taste import style_collection
from atelier.simulate.world import COLLECTION_SIZE, SimulatedItem, Stream, generator, make_item

PHOTO_SIZE = (480, 640)
"""Drawn at half of it and enlarged: shops' photos are at least so large."""
_SLOTS = {"whole": "dress", "extra": "accessory"}
"""The simulated world's slots as the ready-made rule files call them."""


@dataclass(frozen=True)
class Shown:
    """One item of a set."""

    item: SimulatedItem
    slot: str

    @property
    def jpeg(self) -> bytes:
        """The shop's photo."""
        return _photo(self.item)


def outfits(seed: int, num_collections: int) -> Iterator[tuple[Shown, ...]]:
    """The stylists' outfits of so many collections, about 40 each."""
    for first in range(0, num_collections * COLLECTION_SIZE, COLLECTION_SIZE):
        collection = [make_item(seed, number) for number in range(first, first + COLLECTION_SIZE)]
        for styled in style_collection(seed, collection):
            yield tuple(Shown(item, slot_of(item)) for item in styled.items)


def slot_of(item: SimulatedItem) -> str:
    return _SLOTS.get(item.article.slot.value, item.article.slot.value)


_photos: dict[str, bytes] = {}


def _photo(item: SimulatedItem) -> bytes:
    item_id = item.item.item_id
    if item_id not in _photos:
        _photos[item_id] = _drawn(item, seed=int(item_id[1:].split("-")[0]))
    return _photos[item_id]


def _drawn(item: SimulatedItem, seed: int) -> bytes:
    photo = catalogue_photo(draw_item(seed, item), generator(seed, Stream.STUDIO, item.drawn_as))
    out = io.BytesIO()
    enlarged = Image.fromarray(np.asarray(photo)).resize(PHOTO_SIZE, Image.Resampling.BICUBIC)
    enlarged.save(out, "JPEG", quality=92)
    return out.getvalue()
