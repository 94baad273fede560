"""What a detector is trained on: worn items by their labels."""

from __future__ import annotations

from pathlib import Path

import pytest

from atelier.datasets.catalogue import Catalogue
from atelier.families.detection.kinds import NOT_ITEMS
from atelier.jobs.detection.material import load_material, worn_items
from atelier.lifecycle.context import current_version
from atelier.settings import Settings


@pytest.fixture(scope="module")
def settings(detecting_home: Path) -> Settings:
    return Settings(home=detecting_home)


def test_what_is_worn_is_labelled_and_skin_is_not_for_sale(settings: Settings) -> None:
    regions = worn_items(Catalogue.open(settings.data_dir))
    assert not {region.label for worn in regions.values() for region in worn} & NOT_ITEMS
    material = load_material(settings, current_version(settings), progress=False)
    assert len(material.products) > 50
    assert (material.streets.kinds_MR >= 0).any(dim=1).all(), "every street photo of this world is labelled"
