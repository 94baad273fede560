"""Searches are asked a third way: with the box that a detector chooses."""

from __future__ import annotations

import numpy as np
import pytest
from publish_world import patchwork, write_student
from toy_detector import cluttered, write_toy_detector

from atelier.families.detection.inference import MODEL_FILE, Detector
from atelier.families.retrieval.inference import Encoded, Encoder
from atelier.families.retrieval.looks import WIDE
from atelier.jobs.retrieval.queries import Query
from atelier.jobs.retrieval.scoring import (
    Gallery,
    PreparedQuery,
    as_detected,
    ask,
    best_views,
    recall_metrics,
)
from atelier.pictures import encode_jpeg
from atelier.vocabulary import Box

# The toy detector sees the darkest quarter, and in its surroundings again the darkest quarter.
PLACE = Box(165, 220, 240, 320)


def street(number: int) -> bytes:
    """A dark patchwork where the toy detector's two looks end, over bright clutter."""
    photo = cluttered(320, 240, seed=number)
    photo[220:320, 165:240] = np.kron(patchwork(number, 4) // 3, np.ones((25, 19, 1), np.uint8))[:, :75]
    return encode_jpeg(photo, quality=95)


def gallery_of(said: Encoded, item_ids: list[str]) -> Gallery:
    return Gallery(said.embedding, said.relevance, item_ids, np.arange(len(item_ids)))


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    path = tmp_path_factory.mktemp("student") / "student.onnx"
    return Encoder(path, write_student(path, 1.0), threads=1)


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Detector:
    folder = tmp_path_factory.mktemp("detector")
    return Detector(folder / MODEL_FILE, write_toy_detector(folder), threads=1)


def test_the_detected_box_finds_what_the_true_box_finds(encoder: Encoder, detector: Detector) -> None:
    queries = [Query(f"street/{n}", "street", str(n), PLACE, street(n)) for n in range(1, 6)]
    assert as_detected(detector, queries) == [PreparedQuery(query, PLACE, WIDE) for query in queries]
    pictures = [np.asarray(query.pixels()[220:320, 165:240]) for query in queries]
    gallery = gallery_of(encoder.encode(pictures), [q.item_id for q in queries])
    views = ask(encoder, gallery, queries, progress=False, detector=detector)
    assert [view.name for view in views] == ["street/detected", "street/whole", "street/boxed"]
    detected, _, boxed = views
    np.testing.assert_array_equal(detected.rank_Q, boxed.rank_Q)
    assert (detected.rank_Q == 0).all()
    assert recall_metrics(views).keys() >= {"street/detected/recall_at_1", "street/boxed/recall_at_10"}


def test_a_detector_changes_neither_the_best_way_nor_what_a_comparison_asks(
    encoder: Encoder, detector: Detector
) -> None:
    boxed = [Query("street/1", "street", "1", PLACE, street(1))]
    bare = [Query("reshot/2", "reshot", "2", None, street(2))]
    gallery = gallery_of(encoder.encode([patchwork(1), patchwork(2)]), ["1", "2"])
    views = ask(encoder, gallery, boxed + bare, progress=False, detector=detector)
    assert [view.name for view in best_views(views)] == ["reshot/whole", "street/boxed"]
    only = ask(encoder, gallery, boxed + bare, progress=False, detector=detector, only_best=True)
    assert [view.name for view in only] == ["reshot/whole", "street/boxed"]
