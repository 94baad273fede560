"""The ranker on a small simulated drop: trained, examined, registered, judged."""

from __future__ import annotations

from pathlib import Path

import pytest
from family_runs import Judged, train_and_judge, why_unavailable
from publish_world import accept_catalogue
from ranker_workspace import Workspace, champion_of

from atelier.errors import TrainingError
from atelier.jobs.ranking.family import RANKING
from atelier.settings import Settings


@pytest.fixture(scope="module")
def workspace(ranking_dir: Path) -> Workspace:
    return Workspace.at(ranking_dir)


@pytest.fixture(scope="module")
def judged(workspace: Workspace) -> Judged:
    return train_and_judge(workspace.settings, RANKING)


def test_the_first_ranker_is_registered_and_becomes_the_champion(
    workspace: Workspace, judged: Judged
) -> None:
    assert judged.verdict.promoted, judged.verdict.reason
    champion = champion_of(workspace.settings)
    assert champion.aliases == ("candidate", "champion")
    assert champion.digests.keys() >= {"users.onnx", "sets.onnx", "ranking.json", "values.json", "card.md"}
    assert judged.candidate.metrics.keys() >= {"test/log_loss", "popularity/log_loss"}


def test_asking_again_trains_examines_and_judges_nothing(workspace: Workspace, judged: Judged) -> None:
    again = train_and_judge(workspace.settings, RANKING)
    assert (again.runs["ranker"].reused, again.candidate.reused) == (True, True)
    assert again.candidate.model_version == judged.candidate.model_version
    assert again.verdict.reason == "this ranking model is the champion already"


def test_without_a_retrieval_champion_there_is_no_ranker(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    accept_catalogue(settings, range(3))
    assert "no retrieval model has passed its gate" in str(why_unavailable(settings, RANKING))
    with pytest.raises(TrainingError, match="known presets: debug, demo"):
        RANKING.preset("huge")
