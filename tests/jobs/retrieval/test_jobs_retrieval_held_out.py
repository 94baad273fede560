"""The exam of photo search: held-out products and searches, with a detector while there is one."""

from __future__ import annotations

from pathlib import Path

from atelier.families.detection.inference import Detector
from atelier.jobs.detection.champion import champion_detector
from atelier.jobs.retrieval.held_out import load_exam
from atelier.lifecycle.context import current_version, open_context
from atelier.settings import Settings
from atelier.vocabulary import Split


def champion_of(settings: Settings) -> Detector | None:
    with open_context(settings, None) as context:
        return champion_detector(context)


def test_the_exam_is_of_held_out_products_and_searches_with_the_detector_it_is_given(
    detecting_home: Path,
) -> None:
    settings = Settings(home=detecting_home)
    detector, version = champion_of(settings), current_version(settings)
    assert detector is not None
    exam = load_exam(settings, version, detector)
    assert exam.detector is detector
    assert load_exam(settings, version).detector is None
    assert {item.split for item in exam.held_out_items} == {Split.TEST}
    assert len(exam.held_out_items) + len(exam.known_items) == len(exam.items) == len(exam.photos)
    assert {query.item_id for query in exam.queries} <= {item.item_id for item in exam.held_out_items}
