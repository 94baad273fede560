"""The exam of photo search is asked with the champion of detection, while there is one."""

from __future__ import annotations

from pathlib import Path

import pytest
from shared_worlds import moved_copy

from atelier.families.detection.inference import Detector
from atelier.jobs.detection.champion import champion_detector
from atelier.jobs.retrieval.held_out import load_exam
from atelier.lifecycle.context import current_version, open_context
from atelier.settings import Settings
from atelier.vocabulary import Split


def champion_of(settings: Settings) -> Detector | None:
    with open_context(settings, None) as context:
        return champion_detector(context)


@pytest.mark.parametrize("home", ["ingested_home", "detecting_home"])
def test_the_exam_searches_with_the_champion_while_there_is_one(
    home: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    settings = Settings(home=moved_copy(request.getfixturevalue(home), tmp_path / "home"))
    detector = champion_of(settings)
    assert (detector is None) == (home == "ingested_home")
    exam = load_exam(settings, current_version(settings), detector)
    assert exam.detector is detector
    assert {item.split for item in exam.held_out_items} == {Split.TEST}
    assert {query.item_id for query in exam.queries} <= {item.item_id for item in exam.held_out_items}
