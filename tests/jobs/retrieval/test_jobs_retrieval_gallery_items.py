"""Items with a picture, as an index takes them."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

import numpy as np
import pytest
from publish_world import DIMENSION, SIZE, accept_catalogue, patchwork, write_student

from atelier.jobs.retrieval.champion import encoder_in
from atelier.jobs.retrieval.gallery_items import THUMBNAIL_SIDE, GalleryItems
from atelier.pictures import decode
from atelier.settings import Settings


def gallery(folder: Path, numbers: range, side: int = 64) -> GalleryItems:
    settings = Settings(home=folder / "home")
    accept_catalogue(settings, numbers, side)
    (folder / "model").mkdir()
    contract = write_student(folder / "model" / "student.onnx", scale=1.0)
    (folder / "model" / "contract.json").write_text(contract.to_json())
    return GalleryItems(settings, encoder_in(folder / "model", threads=1))


def test_an_item_without_a_photo_cannot_be_found_and_is_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        found = gallery(tmp_path, range(4))
    assert [each.item.item_id for each in found.items] == ["0001", "0002", "0003"]
    assert "1 items have no photo" in caplog.text
    for each in found.items:
        digest = found.picture_of[each.item.item_id]
        assert hashlib.sha256(found.read(digest)).hexdigest() == digest


def test_pictures_get_a_vector_and_a_thumbnail_each_in_their_order(tmp_path: Path) -> None:
    found = gallery(tmp_path, range(1, 4), side=320)
    names = [found.picture_of[item_id] for item_id in ("0003", "0001")]
    embedded = found.embed(names)
    assert embedded.vectors.shape == (2, DIMENSION)
    assert np.array_equal(embedded.vectors[0], found.embed(names[:1]).vectors[0])
    for number, thumbnail in zip((3, 1), embedded.thumbnails, strict=True):
        shown = decode(thumbnail)
        assert shown.shape == (THUMBNAIL_SIDE, THUMBNAIL_SIDE, 3)
        seen = shown[32::64, 32::64].astype(int)
        expected = patchwork(number)[8::16, 8::16].astype(int)
        assert np.abs(seen - expected).mean() < 12, "of the very picture"


def test_a_stored_picture_that_is_small_is_its_own_thumbnail(tmp_path: Path) -> None:
    found = gallery(tmp_path, range(1, 2))
    name = found.picture_of["0001"]
    assert found.embed([name]).thumbnails == [found.read(name)]


def test_framed_pictures_are_inputs_of_the_encoder(tmp_path: Path) -> None:
    found = gallery(tmp_path, range(1, 3))
    framed = found.framed(list(found.picture_of.values()))
    assert framed.shape == (2, 3, SIZE, SIZE)
    assert 0 <= framed.min() < framed.max() <= 1
    assert found.framed([]).shape == (0, 3, SIZE, SIZE)
