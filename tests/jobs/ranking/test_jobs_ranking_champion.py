"""A ranker goes out with the retrieval champion whose vectors it reads."""

from __future__ import annotations

from pathlib import Path

import pytest
from publish_world import crown
from ranker_workspace import Workspace, champion_of
from shared_worlds import moved_copy

from atelier.jobs.ranking.family import RANKING
from atelier.lifecycle.context import open_context


@pytest.fixture
def changed(tmp_path: Path, ranking_dir: Path) -> Workspace:
    return Workspace.at(moved_copy(ranking_dir, tmp_path / "copy"))


def test_a_ranker_for_other_vectors_stays_behind(changed: Workspace, tmp_path: Path) -> None:
    settings, champion = changed.settings, champion_of(changed.settings)
    with open_context(settings, None) as context:
        assert RANKING.fits(context, champion)
    crown(settings, tmp_path / "crowned", scale=2.0)
    with open_context(settings, None) as context:
        assert not RANKING.fits(context, champion)
