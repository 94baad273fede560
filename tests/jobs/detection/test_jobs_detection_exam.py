"""The detector on a small simulated drop: trained, examined, registered, judged."""

from __future__ import annotations

from pathlib import Path

import pytest
from family_runs import Judged, train_and_judge

from atelier.errors import TrainingError
from atelier.families.detection.export import FILES
from atelier.jobs.detection.family import DETECTION
from atelier.registry.store import open_registry
from atelier.settings import Settings


@pytest.fixture(scope="module")
def settings(detecting_home: Path) -> Settings:
    return Settings(home=detecting_home)


@pytest.fixture(scope="module")
def judged(settings: Settings) -> Judged:
    return train_and_judge(settings, DETECTION)


def test_the_first_detector_is_registered_and_becomes_the_champion(
    settings: Settings, judged: Judged
) -> None:
    assert judged.verdict.promoted
    registry = open_registry(settings)
    version = registry.version("detection", "champion")
    assert version is not None
    assert version.version == judged.candidate.model_version
    assert version.aliases == ("candidate", "champion")
    assert version.digests.keys() >= {*FILES, "card.md"}
    metrics = judged.candidate.metrics
    assert metrics.keys() >= {"test/main/iou", "test/main/hit_75", "test/average_precision_50"}
    assert registry.read(judged.candidate.run_id, "figures/found.jpg").startswith(b"\xff\xd8")


def test_asking_again_trains_examines_and_judges_nothing(settings: Settings, judged: Judged) -> None:
    again = train_and_judge(settings, DETECTION)
    assert (again.runs["detector"].reused, again.candidate.reused) == (True, True)
    assert again.candidate.model_version == judged.candidate.model_version
    assert again.verdict.reason == "this detection model is the champion already"


def test_an_unknown_preset_is_named() -> None:
    with pytest.raises(TrainingError, match="known presets: debug, demo"):
        DETECTION.preset("huge")
