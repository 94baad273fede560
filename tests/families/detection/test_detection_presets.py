"""Every preset of photo search has its detector, and builds."""

from __future__ import annotations

from atelier.families.detection.presets import PRESETS
from atelier.families.retrieval.presets import PRESETS as RETRIEVAL_PRESETS


def test_every_preset_of_photo_search_has_its_detector() -> None:
    assert PRESETS.keys() == RETRIEVAL_PRESETS.keys()
    for name, preset in PRESETS.items():
        assert preset().name == name
