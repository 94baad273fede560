"""A workspace to review in: coloured patchworks, held-out searches for them, and two models that differ."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from publish_world import CATEGORIES, crown, patchwork

from atelier.datasets import store
from atelier.datasets.shards import write_shards
from atelier.pictures import encode_jpeg
from atelier.settings import Settings
from atelier.versioning.version import DataVersion, record
from atelier.vocabulary import TABLES, Item, Photo

NUM_ITEMS = 48
NUM_SHOPPERS = 12


def shopper_photo(number: int) -> NDArray[np.uint8]:
    """A patchwork in a corner of a noisy picture, uint8 [120, 100, 3]; its box is (10, 20, 74, 84)."""
    pixels = np.random.default_rng(number).integers(90, 160, (120, 100, 3), np.uint8)
    pixels[20:84, 10:74] = patchwork(number)
    return pixels


def accept(settings: Settings) -> str:
    """Products, three of four held out, and shoppers' photos of some of these. Returns the data's digest."""
    pictures = {f"c{number:03d}": patchwork(number) for number in range(NUM_ITEMS)}
    held_out = [number for number in range(NUM_ITEMS) if number % 4]
    pictures |= {f"s{number:03d}": shopper_photo(number) for number in held_out[:NUM_SHOPPERS]}
    stored = {photo_id: encode_jpeg(pixels, quality=95) for photo_id, pixels in pictures.items()}
    digest_of = {photo_id: hashlib.sha256(data).hexdigest() for photo_id, data in stored.items()}
    places = write_shards(
        settings.data_dir / "pictures", ((digest_of[photo_id], data) for photo_id, data in stored.items())
    )
    items = [
        Item(f"{number:03d}", f"</script> № {number}", CATEGORIES[number % 2], "test", split=_split(number))
        for number in range(NUM_ITEMS)
    ]
    photos = []
    for photo_id, pixels in pictures.items():
        number, is_shopper = int(photo_id[1:]), photo_id.startswith("s")
        photo = Photo(photo_id, f"{number:03d}", "shopper" if is_shopper else "catalogue", "test")
        if is_shopper:
            photo = replace(photo, x0=10.0, y0=20.0, x1=74.0, y1=84.0)
        photos.append(
            replace(
                photo,
                **{"width": pixels.shape[1], "height": pixels.shape[0], "sha256": digest_of[photo_id]},
                **asdict(places[digest_of[photo_id]]),
                split=_split(number),
            )
        )
    rows: dict[str, list[object]] = {**{name: [] for name in TABLES}, "items": [*items], "photos": [*photos]}
    store.publish(settings.data_dir, rows, {})
    digest = hashlib.md5(repr(rows).encode()).hexdigest()
    pointer = f"outs:\n- md5: {digest}.dir\n"
    record(settings, DataVersion(digest, "2026-11-22", "test", {}, {}, 0, 0, pointer, None))
    settings.data_pointer_path.write_text(pointer)
    return digest


def two_models(settings: Settings, folder: Path) -> None:
    """Version 1, the champion again, and version 2, the candidate: it sees a corner of the red."""
    from atelier.registry.store import open_registry

    crown(settings, folder / "one")
    crown(settings, folder / "two", blind=44)
    open_registry(settings).set_alias("retrieval", "champion", 1)


def _split(number: int) -> str:
    return "test" if number % 4 else "train"
