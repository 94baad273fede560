"""The two models of a review are chosen by version, alias or release."""

from __future__ import annotations

from pathlib import Path

import pytest
from publish_world import crown
from review_world import accept

from atelier.errors import RegistryError
from atelier.jobs.review.review import review
from atelier.settings import Settings


def test_one_model_is_nothing_to_review(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    accept(settings)
    crown(settings, tmp_path / "only")
    with pytest.raises(RegistryError, match="needs two models; 1 version of retrieval"):
        review(settings, progress=False)
    with pytest.raises(RegistryError, match="the same model"):
        review(settings, "1", "champion", progress=False)
    with pytest.raises(RegistryError, match=r"'7' is no version, alias or release.*expected one of 1,"):
        review(settings, "1", "7", progress=False)
