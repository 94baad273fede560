"""Streets of the training split at one size, made once and kept."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ingest_world import png, scene
from PIL import Image

from atelier.jobs.data import streets
from atelier.jobs.data.streets import shrunk_streets, street_photos, streets_of_products
from atelier.pictures import decode
from atelier.vocabulary import Photo, PhotoKind, Split

SIZE = (24, 36)


@dataclass
class _Photo:
    photo_id: str


@dataclass
class _Catalogue:
    """As much of a catalogue as streets need: the photos of each kind, and how often one was read."""

    of_kind: dict[PhotoKind, list[_Photo]]
    reads: list[str] = field(default_factory=list)

    def photos(self, kind: PhotoKind, split: Split) -> list[_Photo]:
        assert split is Split.TRAIN, "held-out photos are no backgrounds"
        return self.of_kind.get(kind, [])

    def read(self, photo: _Photo) -> bytes:
        self.reads.append(photo.photo_id)
        return png(scene(int(photo.photo_id), height=90, width=70))


def _catalogue(**of_kind: list[str]) -> Any:
    return _Catalogue({PhotoKind[kind]: [_Photo(each) for each in ids] for kind, ids in of_kind.items()})


def _ids(photos: list[Photo]) -> list[str]:
    return [photo.photo_id for photo in photos]


def test_street_photos_come_first_and_shoppers_photos_stand_in_for_them() -> None:
    assert _ids(street_photos(_catalogue(STREET=["1", "2"], SHOPPER=["3"]))) == ["1", "2"]
    assert _ids(street_photos(_catalogue(SHOPPER=["3"]))) == ["3"]
    assert street_photos(_catalogue(CATALOGUE=["4"])) == []


@pytest.mark.parametrize("kind", ["STREET", "SHOPPER"])
def test_no_more_than_the_first_are_taken(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streets, "_MAX_STREETS", 2)
    assert _ids(street_photos(_catalogue(**{kind: ["1", "2", "3"]}))) == ["1", "2"]


def test_streets_are_shrunk_in_their_order(tmp_path: Path) -> None:
    catalogue = _catalogue(STREET=[str(number) for number in range(20)])
    found = shrunk_streets(catalogue, street_photos(catalogue), SIZE, tmp_path / "kept")
    assert found.shape == (20, 3, SIZE[1], SIZE[0])
    for number, street in enumerate(found):
        whole = decode(catalogue.read(_Photo(str(number))), shrink_to=SIZE[0])
        small = Image.fromarray(whole).resize(SIZE, Image.Resampling.BILINEAR, reducing_gap=3.0)
        np.testing.assert_array_equal(street, np.asarray(small).transpose(2, 0, 1))


def test_the_second_call_reads_what_the_first_kept(tmp_path: Path) -> None:
    catalogue = _catalogue(STREET=["1", "2"])
    photos = street_photos(catalogue)
    first = shrunk_streets(catalogue, photos, SIZE, tmp_path / "kept")
    again = shrunk_streets(catalogue, photos, SIZE, tmp_path / "kept")
    np.testing.assert_array_equal(first, again)
    assert sorted(catalogue.reads) == ["1", "2"]
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["streets.npy"]
    written = io.BytesIO()
    np.save(written, first)
    assert (tmp_path / "kept" / "streets.npy").read_bytes() == written.getvalue()


def test_products_lend_their_colours_without_their_mattes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streets, "_MAX_PRODUCTS", 2)
    frames = np.random.default_rng(0).integers(0, 256, (5, 4, 6, 6), dtype=np.uint8)
    found = streets_of_products(frames)
    np.testing.assert_array_equal(found, frames[:2, :3])
    assert found.flags.c_contiguous
