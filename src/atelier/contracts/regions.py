"""Defines the contract of labelled parts of street photos."""

from __future__ import annotations

import pandas as pd

from atelier.contracts.promise import (
    BOX,
    Promise,
    Surroundings,
    between,
    inside,
    one_line,
    promised,
    refers_to,
    unique,
    whole_box,
)


def _inside_its_photo(rows: pd.DataFrame, around: Surroundings) -> pd.Series[bool]:
    photos = around.good["photos"].set_index("photo_id")
    return inside(rows, rows.photo_id.map(photos.width), rows.photo_id.map(photos.height))


PROMISES: tuple[Promise, ...] = (
    unique("photo_id", "label"),
    one_line("label", 100),
    refers_to("photo_id", "photos"),
    whole_box(),
    promised(("photo_id", *BOX), "a box inside its photo", _inside_its_photo),
    between("num_pixels", 1),
    between("mask_value", 0, 255),
)
