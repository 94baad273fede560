"""All photos of a drop: which there are, where they lie, and who took them."""

from __future__ import annotations

import io
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from PIL import Image

from atelier.simulate.photography import OUTFITS_PER_STREET_PHOTO, file_of, write_pictures
from atelier.simulate.stylists import style_collection
from atelier.simulate.trades import Trade
from atelier.simulate.world import make_item
from atelier.vocabulary import Photo, Region

WORLD = [make_item(5, number) for number in range(60)]
OUTFITS = style_collection(5, WORLD)[:4]
Written = tuple[Path, list[Photo], list[Region]]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    folder = tmp_path_factory.mktemp("photos")
    return folder, *write_pictures(folder, 5, WORLD[:6], OUTFITS, processes=1, progress=False)


def _open(folder: Path, photo: Photo) -> Image.Image:
    archive, member = file_of(photo).split("/")
    with ZipFile(folder / archive) as pictures:
        return Image.open(io.BytesIO(pictures.read(member)))


@pytest.mark.parametrize("kind", ["catalogue", "shopper", "street"])
def test_a_photo_lies_in_the_zip_of_its_kind(kind: str) -> None:
    assert file_of(Photo("w0-1", None, kind, "here")) == f"pictures-{kind}.zip/w0-1.jpg"


def test_each_item_has_a_catalogue_and_a_shopper_s_photo_and_some_outfits_a_street_photo(
    written: Written,
) -> None:
    folder, photos, _ = written
    ids = [item.item.item_id for item in WORLD[:6]]
    assert [photo.photo_id for photo in photos if photo.kind == "catalogue"] == ids
    assert [photo.photo_id for photo in photos if photo.kind == "shopper"] == [
        f"{one}-shopper" for one in ids
    ]
    shown = [styled.outfit.outfit_id for styled in OUTFITS[::OUTFITS_PER_STREET_PHOTO]]
    assert [photo.photo_id for photo in photos if photo.kind == "street"] == [
        f"{one}-street" for one in shown
    ]
    assert all(_open(folder, photo).format == "JPEG" for photo in photos)


def test_four_photos_in_a_row_come_from_one_sender(written: Written) -> None:
    senders = [photo.sender for photo in written[1] if photo.kind == "shopper"]
    assert senders == ["w5-s000000"] * 4 + ["w5-s000001"] * 2


def test_the_box_of_a_shopper_s_photo_lies_inside_it(written: Written) -> None:
    folder, photos, _ = written
    for photo in photos:
        if photo.kind == "shopper":
            assert photo.box is not None
            x0, y0, x1, y1 = photo.box.as_tuple()
            picture = _open(folder, photo)
            assert 0 <= x0 < x1 <= picture.width
            assert 0 <= y0 < y1 <= picture.height


def test_regions_belong_to_the_street_photos(written: Written) -> None:
    _, photos, regions = written
    assert {region.photo_id for region in regions} == {p.photo_id for p in photos if p.kind == "street"}


def test_a_photo_does_not_depend_on_the_others_written_with_it(written: Written, tmp_path: Path) -> None:
    photos, _ = write_pictures(tmp_path, 5, WORLD[4:5], [], processes=1, progress=False)
    for photo in photos:
        assert np.array_equal(np.asarray(_open(tmp_path, photo)), np.asarray(_open(written[0], photo)))


def test_nobody_wears_a_bedroom(tmp_path: Path) -> None:
    rooms = [make_item(5, number, Trade.BEDROOM) for number in range(40)]
    sets = style_collection(5, rooms)
    photos, regions = write_pictures(tmp_path, 5, rooms[:1], sets, processes=1, progress=False)
    assert [photo.kind for photo in photos] == ["catalogue", "shopper"]
    assert regions == []
    assert not (tmp_path / "pictures-street.zip").exists()
