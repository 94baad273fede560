"""The picture of a run: searches as shoppers make them."""

from __future__ import annotations

from pathlib import Path

import pytest
from family_runs import train_and_judge

from atelier.jobs.retrieval.family import RETRIEVAL
from atelier.jobs.retrieval.gallery import gallery
from atelier.pictures import decode
from atelier.settings import Settings


@pytest.fixture(scope="module")
def settings(trained_home: Path) -> Settings:
    return Settings(home=trained_home)


def test_the_report_of_a_run_shows_searches_as_shoppers_make_them(settings: Settings) -> None:
    shown = decode(gallery(settings, train_and_judge(settings, RETRIEVAL).candidate))
    assert max(shown.shape) == 1200
    assert shown.std() > 10, "a picture of something"
