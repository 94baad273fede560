"""The photo search on a small simulated drop: trained, distilled, registered, judged, published."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from family_runs import train_and_judge
from shared_worlds import NUM_ITEMS, moved_copy

from atelier.jobs.release.publish import Published, publish
from atelier.jobs.retrieval.family import RETRIEVAL
from atelier.lifecycle.family import TrainOutcome
from atelier.lifecycle.gate import GateOutcome
from atelier.lifecycle.register import Registered
from atelier.registry.store import open_registry
from atelier.settings import Settings


@dataclass(frozen=True)
class Workspace:
    """A home in which the main path has run once."""

    settings: Settings
    runs: dict[str, TrainOutcome]
    registered: Registered
    verdict: GateOutcome
    published: Published


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, trained_home: Path) -> Workspace:
    settings = Settings(home=moved_copy(trained_home, tmp_path_factory.mktemp("main-path") / "home"))
    judged = train_and_judge(settings, RETRIEVAL)
    published = publish(settings, progress=False)
    return Workspace(settings, judged.runs, judged.candidate, judged.verdict, published)


def test_the_first_model_becomes_the_champion_and_goes_live(workspace: Workspace) -> None:
    assert workspace.verdict.promoted
    assert workspace.verdict.champion == workspace.registered.model_version
    assert workspace.published.changed
    assert workspace.published.rows == NUM_ITEMS


def test_asking_again_trains_nothing_and_publishes_nothing(workspace: Workspace) -> None:
    settings = workspace.settings
    judged = train_and_judge(settings, RETRIEVAL)
    assert [run.reused for run in judged.runs.values()] == [True] * 3
    assert judged.candidate.reused
    assert judged.candidate.model_version == workspace.registered.model_version
    assert judged.verdict.reused
    again = publish(settings, progress=False)
    assert not again.changed
    assert again.release_id == workspace.published.release_id


def test_a_reviewer_finds_metrics_pictures_and_a_card(workspace: Workspace) -> None:
    registry = open_registry(workspace.settings)
    run_id = workspace.registered.run_id
    for figure in ("confusion_matrix", "worst_categories_shopper_boxed", "queries_shopper_boxed"):
        assert registry.read(run_id, f"figures/{figure}.png").startswith(b"\x89PNG")
    for trained in workspace.runs.values():
        assert registry.read(trained.run_id, "figures/loss_curves.png").startswith(b"\x89PNG")
    assert set(workspace.registered.metrics) >= {
        "test/recall_at_1",
        "test/category_accuracy",
        "test/shopper/boxed/recall_at_10",
        "distillation/recall_kept",
        "distillation/cost_share",
    }
