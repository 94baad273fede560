"""Without sets there is nothing to learn from."""

from __future__ import annotations

from pathlib import Path

import pytest
from family_runs import why_unavailable
from publish_world import accept_catalogue, crown

from atelier.errors import TrainingError
from atelier.jobs.outfit.family import OUTFIT
from atelier.settings import Settings


def test_without_sets_nothing_is_trained(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    accept_catalogue(settings, range(3))
    crown(settings, tmp_path / "model")
    assert str(why_unavailable(settings, OUTFIT)).startswith("the data has 0 sets to learn")
    with pytest.raises(TrainingError, match="known presets: debug"):
        OUTFIT.preset("tiny")
