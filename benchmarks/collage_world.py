"""Sets of simulated items for the collage benchmarks, with photos as a shop has them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from atelier.simulate.canvas import SIZE
from atelier.simulate.catalogue import catalogue_photo, draw_item
from atelier.simulate.stylists import style_collection
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
        """The shop's photo, 480 x 640."""
        return _photo(self.item, PHOTO_SIZE)

    @property
    def small_jpeg(self) -> bytes:
        """The same as it was drawn, 240 x 320."""
        return _photo(self.item, SIZE)


def outfits(seed: int, num_collections: int) -> Iterator[tuple[Shown, ...]]:
    """The stylists' outfits of so many collections, about 40 each."""
    for first in range(0, num_collections * COLLECTION_SIZE, COLLECTION_SIZE):
        collection = [make_item(seed, number) for number in range(first, first + COLLECTION_SIZE)]
        for styled in style_collection(seed, collection):
            yield tuple(Shown(item, slot_of(item)) for item in styled.items)


def slot_of(item: SimulatedItem) -> str:
    return _SLOTS.get(item.article.slot.value, item.article.slot.value)


_photos: dict[tuple[str, tuple[int, int]], bytes] = {}
"""Those drawn before, by item and size: some ten kilobytes each."""


def _photo(item: SimulatedItem, size: tuple[int, int]) -> bytes:
    key = (item.item.item_id, size)
    if key not in _photos:
        seed = int(item.item.item_id[1:].split("-")[0])
        photo = catalogue_photo(draw_item(seed, item), generator(seed, Stream.STUDIO, item.drawn_as))
        out = io.BytesIO()
        enlarged = Image.fromarray(np.asarray(photo)).resize(size, Image.Resampling.BICUBIC)
        enlarged.save(out, "JPEG", quality=92)
        _photos[key] = out.getvalue()
    return _photos[key]
