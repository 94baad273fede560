"""Reads a drop: a folder with new raw data, in one or several known layouts."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path, PurePosixPath

from atelier.datasets.files import Files, shown
from atelier.datasets.layouts import (
    atelier_drop,
    clothing_co_parsing,
    clothing_dataset,
    deepfashion_consumer_to_shop,
    deepfashion_in_shop,
    fashion_product_images,
    pog,
    polyvore_categories,
    polyvore_maryland,
    polyvore_outfits,
    stanford_online_products,
)
from atelier.datasets.layouts.layout import Folder, Layout
from atelier.datasets.raw import Drop, RawPhoto, Rejected
from atelier.errors import DropError

__all__ = ["LAYOUTS", "Drop", "RawPhoto", "Rejected", "read_drop"]

LAYOUTS: tuple[Layout, ...] = (
    atelier_drop.LAYOUT,
    fashion_product_images.LAYOUT,
    clothing_dataset.LAYOUT,
    clothing_co_parsing.LAYOUT,
    deepfashion_in_shop.LAYOUT,
    deepfashion_consumer_to_shop.LAYOUT,
    stanford_online_products.LAYOUT,
    polyvore_categories.LAYOUT,
    polyvore_maryland.LAYOUT,
    polyvore_outfits.LAYOUT,
    pog.LAYOUT,
)
"""In the order in which a folder is tried."""
_NUM_PASSED_OVER = 10


def read_drop(drop_dir: Path) -> Drop:
    """Read all layouts in a folder, its sub-folders and its zips, whichever hold one.

    Pictures are found but not opened. A folder `queries` is passed over: an evaluation keeps its searches
    there. Rows that cannot be read are in `rejected`. Raises DropError where nothing is recognised, or where
    a table or a zip as a whole cannot be read.
    """
    files = Files(drop_dir)
    found = [(folder, layout) for folder in files.folders() if (layout := _layout_of(files, folder))]
    if not found:
        known = "; ".join(f"{layout.name} by {layout.recognised_by}" for layout in LAYOUTS)
        raise DropError(
            f"{drop_dir} holds no layout that is known. Known layouts, by the files that a folder or zip "
            f"has to hold: {known}. For data of your own see docs/reference/drop-layout.md"
        )
    drop = Drop(drop_dir.resolve().name)
    paths = {folder for folder, _ in found}
    for folder, layout in found:
        layout.read(Folder(folder, files, frozenset(paths - {folder})), drop)
    _require_text(drop.name)
    drop.layouts = tuple(layout.name for _, layout in found)
    drop.unknown = _unknown(files, paths)
    drop.notes += _passed_over(files)
    return drop


def _require_text(name: str) -> None:
    """Every table and report repeats the name of a drop. DropError: its bytes are not UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError as error:
        shown = os.fsencode(name).decode(errors="backslashreplace")
        raise DropError(
            f"the drop's name is not UTF-8: '{shown}'; rename the folder, or give its drop.json a \"name\""
        ) from error


def _layout_of(files: Files, folder: PurePosixPath) -> Layout | None:
    return next((layout for layout in LAYOUTS if layout.recognises(Folder(folder, files))), None)


def _passed_over(files: Files) -> list[str]:
    """The first few files that were not read, each with its reason, and the number of the others."""
    notes = [
        f"{shown(path)} was passed over: {reason}"
        for path, reason in islice(files.passed_over.items(), _NUM_PASSED_OVER)
    ]
    more = len(files.passed_over) - len(notes)
    return [*notes, f"{more:,} more files were passed over"] if more else notes


def _unknown(files: Files, known: set[PurePosixPath]) -> tuple[str, ...]:
    """What lies at the top and neither is, holds nor belongs to a known layout."""
    if PurePosixPath() in known:
        return ()
    claimed = {folder.parts[0] for folder in known}
    return tuple(sorted({path.parts[0] for path in files.by_path} - claimed))
