"""Photos to try a search with."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from atelier.datasets.catalogue import Catalogue
from atelier.errors import DropError
from atelier.jobs.retrieval.pick_photo import pick_photo
from atelier.settings import Settings
from atelier.vocabulary import PhotoKind, Split


@pytest.fixture(scope="module")
def settings(trained_home: Path) -> Settings:
    return Settings(home=trained_home)


def test_a_photo_to_try_is_one_that_training_never_saw(settings: Settings, tmp_path: Path) -> None:
    picked = pick_photo(settings, tmp_path / "query.jpg")
    catalogue = Catalogue.open(settings.data_dir)
    shoppers = {photo.sha256: photo for photo in catalogue.photos(PhotoKind.SHOPPER)}
    seen = shoppers[hashlib.sha256(picked.path.read_bytes()).hexdigest()]
    assert seen.split != Split.TRAIN
    assert picked.box is not None
    other = pick_photo(settings, tmp_path / "other.jpg", 1)
    assert other.item_id != picked.item_id
    with pytest.raises(DropError, match=r"on the test side of its split \(expected 1001 or more"):
        pick_photo(settings, tmp_path / "none.jpg", 1000)
