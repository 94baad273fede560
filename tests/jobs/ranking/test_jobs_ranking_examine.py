"""Answers of a ranker, asked again, and intervals by users."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from family_runs import train_and_judge
from ranker_workspace import Workspace

from atelier.families.ranking.training import Description
from atelier.jobs.ranking.champion import ranker_in
from atelier.jobs.ranking.examine import answers, by_user, popularity
from atelier.jobs.ranking.family import RANKING
from atelier.jobs.ranking.material import (
    material_as,
)
from atelier.jobs.retrieval.embedder import champion_embedder


@pytest.fixture(scope="module")
def workspace(ranking_dir: Path) -> Workspace:
    return Workspace.at(ranking_dir)


def test_old_answers_are_asked_anew_and_come_out_the_same(workspace: Workspace) -> None:
    folder = workspace.release_dir
    ranker = ranker_in(folder)
    with champion_embedder(workspace.settings) as eyes:
        description = Description.read(folder, ranker.contract)
        again = answers(ranker, material_as(workspace.catalogue, eyes, description, progress=False))
    assert again.metrics["log_loss"] == pytest.approx(
        train_and_judge(workspace.settings, RANKING).candidate.metrics["test/log_loss"]
    )
    assert len(popularity(workspace.material()).score_N) == len(again.score_N)


def test_an_interval_by_users_is_as_wide_as_that_of_their_means() -> None:
    gain = np.random.default_rng(0).normal(1.0, 2.0, 400)
    interval = by_user(gain, np.ones(400))
    half = 1.96 * gain.std() / 20
    assert interval.difference == pytest.approx(gain.mean())
    assert interval.high - interval.low == pytest.approx(2 * half, rel=0.1)
