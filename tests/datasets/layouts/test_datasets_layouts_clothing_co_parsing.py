"""Clothing Co-Parsing becomes street photos, masks and regions."""

from __future__ import annotations

from pathlib import Path

import pytest
from layouts_world import ccp, png_mask, write

from atelier.datasets.drop import read_drop
from atelier.vocabulary import Region


@pytest.mark.parametrize("zipped", [True, False])
def test_clothing_co_parsing_becomes_street_photos_masks_and_regions(tmp_path: Path, zipped: bool) -> None:
    files = {name if zipped else name.replace(".zip", ""): data for name, data in ccp().items()}
    drop = read_drop(write(tmp_path, files))
    assert [(raw.photo.photo_id, raw.photo.kind) for raw in drop.photos] == [
        ("ccp/0001", "street"),
        ("ccp/0001/mask", "mask"),
    ]
    assert drop.photos[1].read() == png_mask()
    assert drop.rows["regions"] == [Region("ccp/0001", "blouse", 1, 2, 20, 30, 50, 1)]
