"""Defines the contract of pictures. Undecodable pictures are rejected earlier."""

from __future__ import annotations

import pandas as pd

from atelier.contracts.promise import (
    BOX,
    Promise,
    Surroundings,
    between,
    inside,
    matches,
    one_line,
    one_of,
    present,
    promised,
    refers_to,
    unique,
    whole_box,
)
from atelier.vocabulary import PhotoKind, Split

MASK_SUFFIX = "/mask"
LARGEST_SIDE = 100_000


def promises(min_side: int) -> tuple[Promise, ...]:
    """Return the promises; `min_side` is the shortest side in pixels that a picture may have."""
    return (
        unique("photo_id"),
        one_line("photo_id"),
        one_of("kind", list(PhotoKind)),
        one_of("split", list(Split)),
        one_line("source", 100),
        one_line("category", 100),
        one_line("sender"),
        refers_to("item_id", "items"),
        promised(("kind", "item_id"), "an item for a catalogue photo", _catalogue_photos_show_an_item),
        present("width"),
        present("height"),
        between("width", min_side, LARGEST_SIDE),
        between("height", min_side, LARGEST_SIDE),
        present("sha256"),
        matches("sha256", r"\A[0-9a-f]{64}\Z", "64 hexadecimal digits"),
        matches("phash", r"\A[0-9a-f]{16}\Z", "16 hexadecimal digits"),
        promised(("kind", "phash"), "a perceptual hash, but for masks", _all_but_masks_are_hashed),
        whole_box(),
        promised(
            (*BOX, "width", "height"),
            "a box inside its picture",
            lambda rows, _: inside(rows, rows.width, rows.height),
        ),
        promised(
            ("photo_id", "width", "height"),
            f"for a mask: an accepted photo of the same id less '{MASK_SUFFIX}', as large as the mask",
            _masks_fit_their_photos,
        ),
    )


def _catalogue_photos_show_an_item(rows: pd.DataFrame, _: Surroundings) -> pd.Series[bool]:
    return (rows.kind != PhotoKind.CATALOGUE) | rows.item_id.notna()


def _all_but_masks_are_hashed(rows: pd.DataFrame, _: Surroundings) -> pd.Series[bool]:
    return (rows.kind == PhotoKind.MASK) | rows.phash.notna()


def _masks_fit_their_photos(rows: pd.DataFrame, around: Surroundings) -> pd.Series[bool]:
    is_mask = rows.kind == PhotoKind.MASK
    photo_id = rows.photo_id.astype(object).fillna("").astype(str).str.removesuffix(MASK_SUFFIX)
    photos = rows[~is_mask].drop_duplicates("photo_id").set_index("photo_id")
    same_size = (photo_id.map(photos.width) == rows.width) & (photo_id.map(photos.height) == rows.height)
    fits = photo_id.isin(around.known.photos - frozenset(photos.index)) | same_size
    return ~is_mask | (fits & rows.photo_id.astype(object).fillna("").astype(str).str.endswith(MASK_SUFFIX))
