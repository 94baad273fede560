"""The detector's path on a small simulated drop: trained, examined, registered, judged, published.

One workspace serves all tests of this file: making it takes most of their time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from family_runs import Judged, train_and_judge
from shared_worlds import moved_copy

from atelier.datasets.catalogue import Catalogue
from atelier.errors import TrainingError
from atelier.families.detection.export import FILES
from atelier.families.detection.inference import Detector
from atelier.families.detection.kinds import NOT_ITEMS
from atelier.jobs.detection.champion import champion_detector
from atelier.jobs.detection.family import DETECTION
from atelier.jobs.detection.gate import Evidence, compare
from atelier.jobs.detection.material import load_material, worn_items
from atelier.jobs.retrieval.held_out import load_exam
from atelier.lifecycle.context import current_version, open_context
from atelier.registry.store import open_registry
from atelier.settings import Settings


@dataclass(frozen=True)
class Workspace:
    """A home in which the detector's path has run once."""

    settings: Settings
    judged: Judged


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, ingested_home: Path) -> Workspace:
    settings = Settings(home=moved_copy(ingested_home, tmp_path_factory.mktemp("detector") / "home"))
    assert champion_of(settings) is None
    return Workspace(settings, train_and_judge(settings, DETECTION))


def champion_of(settings: Settings) -> Detector | None:
    with open_context(settings, None) as context:
        return champion_detector(context)


def test_the_first_detector_is_registered_and_becomes_the_champion(workspace: Workspace) -> None:
    assert workspace.judged.verdict.promoted
    registry = open_registry(workspace.settings)
    version = registry.version("detection", "champion")
    assert version is not None
    assert version.version == workspace.judged.candidate.model_version
    assert version.aliases == ("candidate", "champion")
    assert version.digests.keys() >= {*FILES, "card.md"}
    assert champion_of(workspace.settings) is not None
    metrics = workspace.judged.candidate.metrics
    assert metrics.keys() >= {"test/main/iou", "test/main/hit_75", "test/average_precision_50"}
    assert registry.read(workspace.judged.candidate.run_id, "figures/found.jpg").startswith(b"\xff\xd8")


def test_asking_again_trains_examines_and_judges_nothing(workspace: Workspace) -> None:
    settings = workspace.settings
    again = train_and_judge(settings, DETECTION)
    assert (again.runs["detector"].reused, again.candidate.reused) == (True, True)
    assert again.candidate.model_version == workspace.judged.candidate.model_version
    assert again.verdict.reason == "this detection model is the champion already"


def test_what_is_worn_is_labelled_and_skin_is_not_for_sale(workspace: Workspace) -> None:
    settings = workspace.settings
    regions = worn_items(Catalogue.open(settings.data_dir))
    assert not {region.label for worn in regions.values() for region in worn} & NOT_ITEMS
    material = load_material(settings, current_version(settings), progress=False)
    assert len(material.products) > 50
    assert (material.streets.kinds_MR >= 0).any(dim=1).all(), "every street photo of this world is labelled"


def test_the_exam_searches_with_the_champion(workspace: Workspace) -> None:
    settings = workspace.settings
    exam = load_exam(settings, current_version(settings), champion_of(settings))
    assert exam.detector is not None


def test_an_unknown_preset_is_named() -> None:
    with pytest.raises(TrainingError, match="known presets: debug, demo"):
        DETECTION.preset("huge")


GOOD = Evidence([0.9] * 80 + [0.2] * 20, average_precision_50=0.5, milliseconds=6)
BETTER = Evidence([0.9] * 95 + [0.2] * 5, average_precision_50=0.5, milliseconds=6)


def test_the_gate_asks_the_first_for_the_floor_and_any_for_evidence() -> None:
    assert compare(GOOD, None, floor=0.7).promoted
    assert not compare(GOOD, None, floor=0.9).promoted
    assert "no held-out photo" in compare(replace(GOOD, main_overlap=[]), None, floor=0).reason


def test_the_gate_promotes_what_is_better_and_what_is_as_good_and_cheaper() -> None:
    better = compare(BETTER, GOOD, floor=0)
    assert better.promoted
    assert better.interval is not None
    assert better.interval.low > 0
    assert better.interval.difference == pytest.approx(0.15)
    assert not compare(GOOD, BETTER, floor=0).promoted
    assert not compare(GOOD, GOOD, floor=0).promoted
    assert compare(replace(GOOD, milliseconds=3), GOOD, floor=0).promoted


def test_the_gate_holds_what_costs_too_much_or_loses_the_other_items() -> None:
    assert "times the cost" in compare(replace(BETTER, milliseconds=12), GOOD, floor=0).reason
    lost = compare(replace(BETTER, average_precision_50=0.4), GOOD, floor=0)
    assert (lost.promoted, "average precision" in lost.reason) == (False, True)
