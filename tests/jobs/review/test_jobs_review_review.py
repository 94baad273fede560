"""A review: the answers of two models to a sample, made once."""

from __future__ import annotations

from pathlib import Path

import pytest
from reviewed_world import (
    NUM_QUERIES,
    World,
    page_data,
)
from shared_worlds import moved_copy

from atelier.jobs.review.review import review
from atelier.registry.store import open_registry


@pytest.fixture(scope="module")
def world(reviewed_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    return World.at(moved_copy(reviewed_dir, tmp_path_factory.mktemp("copy") / "review"))


def test_a_review_shows_both_models_answers_to_a_sample_of_both_kinds(world: World) -> None:
    data = page_data(world.made)
    assert (world.made.champion, world.made.challenger) == ("retrieval 1", "retrieval 2")
    assert len(data["queries"]) == world.made.num_queries == NUM_QUERIES
    assert {query["kind"] for query in data["queries"]} == {"reshot", "shopper"}
    for query in data["queries"]:
        assert len(query["a"]) == len(query["b"]) == 10
        assert {item_id for item_id, _ in (*query["a"], *query["b"])} <= data["items"].keys()
        assert (query["box"] is not None) == (query["kind"] == "shopper")
    boxed = next(query for query in data["queries"] if query["box"])
    assert boxed["box"] == pytest.approx([0.1, 20 / 120, 0.64, 64 / 120], abs=1e-4)
    assert world.made.num_different > 0
    assert world.made.agreement["same_top_1"] < 1


def test_the_same_review_is_made_once_and_lies_in_its_run(world: World) -> None:
    again = review(world.settings, num_queries=NUM_QUERIES, seed=3, progress=False)
    assert again.reused
    assert (again.review_id, again.run_id) == (world.made.review_id, world.made.run_id)
    registry = open_registry(world.settings)
    page_bytes = Path(world.made.page_path).read_bytes()
    assert registry.read(world.made.run_id, "review/review.html") == page_bytes
    candidate = registry.version("retrieval", "candidate")
    assert candidate is not None
    assert candidate.tags["review_run"] == world.made.run_id
    other = review(world.settings, num_queries=NUM_QUERIES, seed=4, progress=False)
    assert other.review_id != world.made.review_id
