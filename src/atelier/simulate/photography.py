"""Draws and stores all the photos of a drop, over several processes: the shop's, shoppers', streets'."""

from __future__ import annotations

import io
import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, ZipFile

import numpy as np
from PIL import Image

from atelier.matting import Pixels
from atelier.progress import Progress
from atelier.simulate.archive import add_stored
from atelier.simulate.catalogue import catalogue_photo, draw_item
from atelier.simulate.scenes import draw_scene
from atelier.simulate.shopper_photo import MILD, TYPICAL_DEGRADATION, street_jpeg
from atelier.simulate.streets import outfit_jpeg
from atelier.simulate.stylists import StyledOutfit
from atelier.simulate.trades import Trade
from atelier.simulate.world import SOURCE, SimulatedItem, Stream, generator
from atelier.vocabulary import Box, Photo, PhotoKind, Region

PHOTOS_PER_SENDER = 4
OUTFITS_PER_STREET_PHOTO = 3
INDOORS = ("bedroom", "wardrobe", "table", "shop")
ZIPS = {
    PhotoKind.CATALOGUE: "pictures-catalogue.zip",
    PhotoKind.SHOPPER: "pictures-shopper.zip",
    PhotoKind.STREET: "pictures-street.zip",
}
_SMALLEST_FOR_PROCESSES = 32
"""Fewer items are drawn sooner than another process starts."""


def file_of(photo: Photo) -> str:
    """Return the path of a photo in the drop: 'pictures-street.zip/w0-o000000x200-000-street.jpg'."""
    return f"{ZIPS[PhotoKind(photo.kind)]}/{photo.photo_id}.jpg"


def write_pictures(
    drop_dir: Path,
    seed: int,
    items: Sequence[SimulatedItem],
    outfits: Sequence[StyledOutfit],
    *,
    processes: int,
    progress: bool,
) -> tuple[list[Photo], list[Region]]:
    """Write the zips; a catalogue and a shopper's photo of each item, a street photo of some outfits.

    Nobody wears a bedroom: of that trade there are no street photos.
    """
    shown = outfits[::OUTFITS_PER_STREET_PHOTO] if items[0].trade == Trade.FASHION else []
    with (
        _mapper(processes if len(items) >= _SMALLEST_FOR_PROCESSES else 1) as each,
        Progress("drawing", len(items) + len(shown), unit="photos", shown=progress) as bar,
    ):
        drawn = _counted(each(partial(_draw, seed), items), bar)
        photos = list(_write_items(drop_dir, seed, zip(items, drawn, strict=True)))
        street = _counted(each(partial(_draw_street, seed), shown), bar)
        street_photos, regions = _write_streets(drop_dir, street) if shown else ([], [])
    return photos + street_photos, regions


@dataclass(frozen=True)
class _Drawn:
    catalogue: bytes
    shopper: bytes
    box: Box


def _draw(seed: int, item: SimulatedItem) -> _Drawn:
    picture = draw_item(seed, item)
    catalogue = io.BytesIO()
    studio = generator(seed, Stream.STUDIO, item.drawn_as, item.trade)
    Image.fromarray(catalogue_photo(picture, studio)).save(catalogue, "JPEG", quality=85)
    scene = _scene(seed, item.number // PHOTOS_PER_SENDER, item.trade)
    cutout = np.asarray(picture.crop(picture.getchannel("A").getbbox()))
    chance = generator(seed, Stream.SHOPPER, item.number, item.trade)
    shopper, box = street_jpeg(
        cutout, scene, chance, TYPICAL_DEGRADATION if item.trade == Trade.FASHION else MILD
    )
    return _Drawn(catalogue.getvalue(), shopper, box)


@lru_cache(maxsize=4)
def _scene(seed: int, sender: int, trade: Trade) -> Pixels:
    """One sender's place: it comes back in all of the sender's photos; furniture stands indoors."""
    places = None if trade == Trade.FASHION else INDOORS
    return draw_scene(generator(seed, Stream.SCENE, sender, trade), places)


def _draw_street(seed: int, styled: StyledOutfit) -> tuple[str, bytes, list[Region]]:
    photo_id = f"{styled.outfit.outfit_id}-street"
    return photo_id, *outfit_jpeg(seed, styled, photo_id)


def _write_items(drop_dir: Path, seed: int, drawn: Iterable[tuple[SimulatedItem, _Drawn]]) -> Iterator[Photo]:
    with (
        ZipFile(drop_dir / ZIPS[PhotoKind.CATALOGUE], "w", ZIP_STORED) as catalogue,
        ZipFile(drop_dir / ZIPS[PhotoKind.SHOPPER], "w", ZIP_STORED) as shopper,
    ):
        for item, pictures in drawn:
            item_id = item.item.item_id
            sender = f"{item.trade.prefix}{seed}-s{item.number // PHOTOS_PER_SENDER:06d}"
            add_stored(catalogue, f"{item_id}.jpg", pictures.catalogue)
            yield Photo(item_id, item_id, PhotoKind.CATALOGUE, SOURCE)
            photo_id, (x0, y0, x1, y1) = f"{item_id}-shopper", pictures.box.as_tuple()
            add_stored(shopper, f"{photo_id}.jpg", pictures.shopper)
            yield Photo(
                photo_id, item_id, PhotoKind.SHOPPER, SOURCE, sender=sender, x0=x0, y0=y0, x1=x1, y1=y1
            )


def _write_streets(
    drop_dir: Path, drawn: Iterable[tuple[str, bytes, list[Region]]]
) -> tuple[list[Photo], list[Region]]:
    photos, regions = [], []
    with ZipFile(drop_dir / ZIPS[PhotoKind.STREET], "w", ZIP_STORED) as archive:
        for photo_id, jpeg, seen in drawn:
            add_stored(archive, f"{photo_id}.jpg", jpeg)
            photos.append(Photo(photo_id, None, PhotoKind.STREET, SOURCE))
            regions += seen
    return photos, regions


@contextmanager
def _mapper(processes: int) -> Iterator[Callable[..., Iterable[Any]]]:
    """`map` in order: in this process, or over several fresh ones (forking a threaded process can hang)."""
    if processes == 1:
        yield map
        return
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield partial(pool.imap, chunksize=12)


def _counted(drawn: Iterable[Any], bar: Progress) -> Iterator[Any]:
    for each in drawn:
        bar.update()
        yield each
