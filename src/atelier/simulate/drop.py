"""Writes a simulated drop to a folder in the project's own layout (`docs/reference/drop-layout.md`)."""

from __future__ import annotations

import io
import json
import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import lru_cache, partial
from itertools import groupby
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, ZipFile

import numpy as np
from PIL import Image
from tqdm import tqdm

from atelier.errors import DropError
from atelier.matting import Pixels
from atelier.simulate.archive import add_stored, write_csv
from atelier.simulate.catalogue import catalogue_photo, draw_item
from atelier.simulate.scenes import draw_scene
from atelier.simulate.shopper_photo import TYPICAL, street_jpeg
from atelier.simulate.taste import StyledOutfit, show_collection, style_collection
from atelier.simulate.world import COLLECTION_SIZE, SOURCE, SimulatedItem, Stream, generator, make_item
from atelier.vocabulary import Box, Click, Item, Outfit, Photo, PhotoKind

LAYOUT, LAYOUT_VERSION = "atelier-drop", 1
PHOTOS_PER_SENDER = 4
_CATALOGUE_ZIP, _SHOPPER_ZIP = "pictures-catalogue.zip", "pictures-shopper.zip"
_NOT_IN_A_DROP = frozenset(
    {"source", "split", "width", "height", "sha256", "phash", "shard", "offset", "num_bytes"}
)
_SMALLEST_FOR_PROCESSES = 32
"""Fewer items are drawn sooner than another process starts."""


@dataclass(frozen=True)
class SimulatedDrop:
    """What was written, with the truth behind it."""

    drop_dir: Path
    seed: int
    items: tuple[SimulatedItem, ...]
    photos: tuple[Photo, ...]
    outfits: tuple[StyledOutfit, ...]
    clicks: tuple[Click, ...]


def simulate(
    drop_dir: Path,
    num_items: int,
    seed: int,
    *,
    first_item: int = 0,
    processes: int = 2,
    progress: bool = True,
) -> SimulatedDrop:
    """Write items `first_item` to `first_item + num_items` of the world of `seed`, one shopper's photo each.

    The same arguments give the same bytes, however many processes draw; a larger drop holds the items and
    photos of a smaller one unchanged. About 50 ms of one core an item. Raises DropError where `drop_dir`
    holds anything but an earlier drop of this layout, which is replaced.
    """
    if num_items < 1 or seed < 0 or first_item < 0:
        raise ValueError(
            f"simulate needs num_items >= 1, seed >= 0 and first_item >= 0, "
            f"not {num_items}, {seed} and {first_item}"
        )
    _clear(drop_dir)
    items = tuple(make_item(seed, number) for number in range(first_item, first_item + num_items))
    photos = tuple(_write_pictures(drop_dir, seed, items, processes, progress))
    outfits, clicks = _style(seed, items)
    _write_table(drop_dir / "items.csv", Item, [item.item for item in items])
    _write_table(drop_dir / "photos.csv", Photo, photos, file=_file_of)
    _write_table(drop_dir / "outfits.csv", Outfit, [styled.outfit for styled in outfits])
    _write_table(drop_dir / "clicks.csv", Click, clicks)
    marker = {
        "layout": LAYOUT,
        "version": LAYOUT_VERSION,
        "name": f"simulated-{seed}-{first_item}-{num_items}",
    }
    (drop_dir / "drop.json").write_text(json.dumps(marker, indent=2) + "\n", encoding="utf-8")
    return SimulatedDrop(drop_dir, seed, items, photos, outfits, clicks)


@dataclass(frozen=True)
class _Drawn:
    catalogue: bytes
    shopper: bytes
    box: Box


def _clear(drop_dir: Path) -> None:
    """Make room; `drop.json` goes first and comes last, so that half a drop is never taken for one."""
    drop_dir.mkdir(parents=True, exist_ok=True)
    marker = drop_dir / "drop.json"
    strangers = [path.name for path in drop_dir.iterdir() if path.name not in _OURS]
    if strangers:
        raise DropError(
            f"{drop_dir} should be empty, new, or hold an earlier simulated drop, but it also holds "
            f"{', '.join(sorted(strangers)[:3])}. Choose another folder."
        )
    marker.unlink(missing_ok=True)


_OURS = frozenset(
    {"drop.json", "items.csv", "photos.csv", "outfits.csv", "clicks.csv", _CATALOGUE_ZIP, _SHOPPER_ZIP}
)


def _write_pictures(
    drop_dir: Path, seed: int, items: Sequence[SimulatedItem], processes: int, progress: bool
) -> Iterator[Photo]:
    with (
        ZipFile(drop_dir / _CATALOGUE_ZIP, "w", ZIP_STORED) as catalogue,
        ZipFile(drop_dir / _SHOPPER_ZIP, "w", ZIP_STORED) as shopper,
        _mapper(processes if len(items) >= _SMALLEST_FOR_PROCESSES else 1) as each,
    ):
        drawn = each(partial(_draw, seed), items)
        for item, pictures in zip(
            items, tqdm(drawn, "drawing", len(items), disable=not progress), strict=True
        ):
            name = item.item.item_id
            add_stored(catalogue, f"{name}.jpg", pictures.catalogue)
            yield Photo(name, name, PhotoKind.CATALOGUE, SOURCE)
            add_stored(shopper, f"{name}.jpg", pictures.shopper)
            x0, y0, x1, y1 = pictures.box.as_tuple()
            sender = f"w{seed}-s{item.number // PHOTOS_PER_SENDER:06d}"
            yield Photo(
                f"{name}-shopper", name, PhotoKind.SHOPPER, SOURCE, sender=sender, x0=x0, y0=y0, x1=x1, y1=y1
            )


def _file_of(photo: Photo) -> str:
    archive = _CATALOGUE_ZIP if photo.kind == PhotoKind.CATALOGUE else _SHOPPER_ZIP
    return f"{archive}/{photo.item_id}.jpg"


def _draw(seed: int, item: SimulatedItem) -> _Drawn:
    picture = draw_item(seed, item)
    studio = generator(seed, Stream.STUDIO, item.drawn_as)
    catalogue = io.BytesIO()
    Image.fromarray(catalogue_photo(picture, studio)).save(catalogue, "JPEG", quality=85)
    rng = generator(seed, Stream.SHOPPER, item.number)
    scene = _scene(seed, item.number // PHOTOS_PER_SENDER)
    cutout = np.asarray(picture.crop(picture.getchannel("A").getbbox()))
    shopper, box = street_jpeg(cutout, scene, rng, TYPICAL)
    return _Drawn(catalogue.getvalue(), shopper, box)


@lru_cache(maxsize=4)
def _scene(seed: int, sender: int) -> Pixels:
    """One sender's place: it comes back in all of the sender's photos."""
    return draw_scene(generator(seed, Stream.SCENE, sender))


@contextmanager
def _mapper(processes: int) -> Iterator[Callable[..., Iterable[_Drawn]]]:
    """`map` in order: in this process, or over several fresh ones (forking a threaded process can hang)."""
    if processes == 1:
        yield map
        return
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield partial(pool.imap, chunksize=12)


def _style(seed: int, items: Sequence[SimulatedItem]) -> tuple[tuple[StyledOutfit, ...], tuple[Click, ...]]:
    outfits: list[StyledOutfit] = []
    clicks: list[Click] = []
    for number, group in groupby(items, key=lambda item: item.number // COLLECTION_SIZE):
        collection = list(group)
        styled = style_collection(seed, collection)
        outfits += styled
        clicks += show_collection(seed, number, styled, len(collection))
    return tuple(outfits), tuple(clicks)


def _write_table(path: Path, row_type: type, rows: Sequence[Any], **more: Callable[[Any], str]) -> None:
    """A table of those fields of `row_type` that a drop has, and of `more` columns computed from a row."""
    columns = [field.name for field in fields(row_type) if field.name not in _NOT_IN_A_DROP]
    table = (
        [*(getattr(row, column) for column in columns), *(compute(row) for compute in more.values())]
        for row in rows
    )
    write_csv(path, [*columns, *more], table)
