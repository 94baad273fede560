"""Writes a simulated drop to a folder in the project's own layout (`docs/reference/drop-layout.md`)."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from itertools import groupby
from pathlib import Path
from typing import Any

from atelier.errors import DropError
from atelier.simulate.archive import write_csv
from atelier.simulate.photography import ZIPS, file_of, write_pictures
from atelier.simulate.stylists import StyledOutfit, show_collection, style_collection
from atelier.simulate.trades import Trade
from atelier.simulate.world import COLLECTION_SIZE, SimulatedItem, make_item
from atelier.vocabulary import TABLES, Click, Photo, Region

LAYOUT, LAYOUT_VERSION = "atelier-drop", 1
_MARKER = "drop.json"
_OURS = frozenset({_MARKER, *(f"{table}.csv" for table in TABLES), *ZIPS.values()})
_NOT_IN_A_DROP = frozenset(
    {"source", "split", "width", "height", "sha256", "phash", "shard", "offset", "num_bytes"}
)


@dataclass(frozen=True)
class SimulatedDrop:
    """The written drop, with its ground truth."""

    drop_dir: Path
    seed: int
    items: tuple[SimulatedItem, ...]
    photos: tuple[Photo, ...]
    regions: tuple[Region, ...]
    outfits: tuple[StyledOutfit, ...]
    clicks: tuple[Click, ...]


def simulate(
    drop_dir: Path,
    num_items: int,
    seed: int,
    *,
    trade: Trade = Trade.FASHION,
    first_item: int = 0,
    processes: int = 2,
    progress: bool = True,
) -> SimulatedDrop:
    """Write items `first_item` to `first_item + num_items` of the world of `seed`, with photos, outfits and
    clicks.

    That is: for each item a photo of the shop's and one of a shopper's; outfits, street photos of some of
    them (of fashion), and clicks. The same arguments give the same bytes, however many processes draw; a
    larger drop holds the items and photos of a smaller one unchanged. About 40 ms of one core an item.
    Raises DropError where `drop_dir` holds anything but an earlier drop of this layout, which is replaced.
    """
    if num_items < 1 or seed < 0 or first_item < 0:
        raise ValueError(
            f"simulate needs num_items >= 1, seed >= 0 and first_item >= 0, "
            f"not {num_items}, {seed} and {first_item}"
        )
    _clear(drop_dir)
    items = tuple(make_item(seed, number, trade) for number in range(first_item, first_item + num_items))
    outfits, clicks = _style(seed, items)
    photos, regions = write_pictures(drop_dir, seed, items, outfits, processes=processes, progress=progress)
    _write_table(drop_dir, "items", [item.item for item in items])
    _write_table(drop_dir, "photos", photos, file=file_of)
    if regions:
        _write_table(drop_dir, "regions", regions)
    _write_table(drop_dir, "outfits", [styled.outfit for styled in outfits])
    _write_table(drop_dir, "clicks", clicks)
    marker = {
        "layout": LAYOUT,
        "version": LAYOUT_VERSION,
        "name": f"simulated-{'' if trade == Trade.FASHION else f'{trade}-'}{seed}-{first_item}-{num_items}",
    }
    (drop_dir / _MARKER).write_text(json.dumps(marker, indent=2) + "\n", encoding="utf-8")
    return SimulatedDrop(drop_dir, seed, items, tuple(photos), tuple(regions), tuple(outfits), tuple(clicks))


def _clear(drop_dir: Path) -> None:
    """Make room; `drop.json` goes first and comes last, so that half a drop is never taken for one.

    What an earlier drop had and this one may lack, such as street photos, goes as well.
    """
    drop_dir.mkdir(parents=True, exist_ok=True)
    strangers = [path.name for path in drop_dir.iterdir() if path.name not in _OURS]
    if strangers:
        raise DropError(
            f"{drop_dir} should be empty, new, or hold an earlier simulated drop, but it also holds "
            f"{', '.join(sorted(strangers)[:3])}. Choose another folder."
        )
    for name in (_MARKER, *sorted(_OURS)):
        (drop_dir / name).unlink(missing_ok=True)


def _style(seed: int, items: Sequence[SimulatedItem]) -> tuple[list[StyledOutfit], list[Click]]:
    outfits: list[StyledOutfit] = []
    clicks: list[Click] = []
    for _, group in groupby(items, key=lambda item: item.number // COLLECTION_SIZE):
        collection = list(group)
        styled = style_collection(seed, collection)
        outfits += styled
        clicks += show_collection(seed, collection, styled)
    return outfits, clicks


def _write_table(drop_dir: Path, table: str, rows: Sequence[Any], **more: Callable[[Any], str]) -> None:
    """A table of those fields of its class that a drop has, and of `more` columns computed from a row."""
    columns = [field.name for field in fields(TABLES[table]) if field.name not in _NOT_IN_A_DROP]
    cells = (
        [*(getattr(row, column) for column in columns), *(compute(row) for compute in more.values())]
        for row in rows
    )
    write_csv(drop_dir / f"{table}.csv", [*columns, *more], cells)
