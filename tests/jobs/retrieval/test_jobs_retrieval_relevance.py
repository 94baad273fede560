"""What judgments say of models: grades, agreement, and the figures that evaluation and gate read."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from reviewed_world import (
    NUM_QUERIES,
    World,
    judge_by_truth,
    with_own_judgments,
    write_download,
)
from shared_worlds import moved_copy

from atelier.jobs.release.publish import publish
from atelier.jobs.retrieval.champion import encoder_in
from atelier.jobs.retrieval.evaluate import evaluate
from atelier.jobs.retrieval.family import RETRIEVAL
from atelier.jobs.retrieval.held_out import load_exam, paired_results, run_exam
from atelier.jobs.retrieval.relevance import (
    Collection,
    compared_in_words,
    load_collection,
    relevance,
    review_figures,
)
from atelier.jobs.review.judgments import record
from atelier.lifecycle.context import current_version
from atelier.lifecycle.gate import gate
from atelier.lifecycle.register import Registered
from atelier.registry.store import open_registry
from atelier.release.store import folder_of, list_releases, live_id, show
from atelier.settings import Settings
from atelier.vocabulary import Judgment, Preference


@pytest.fixture(scope="module")
def world(reviewed_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    return World.at(moved_copy(reviewed_dir, tmp_path_factory.mktemp("copy") / "review"))


@pytest.fixture
def settings(world: World, tmp_path: Path) -> Settings:
    return with_own_judgments(world, tmp_path)


def test_several_reviewers_are_averaged_and_their_agreement_is_told() -> None:
    facts = {"review_id": "r", "queries": [{"query": "q", "champion": ["i", "j"], "challenger": ["j", "i"]}]}
    said = [("Ada", "i", "same"), ("Bob", "i", "similar"), ("Ada", "j", "wrong"), ("Bob", "j", "wrong")]
    told = ("2026-11-22T10:00:00Z", "2026-11-22T10:00:00Z")
    judgments = [
        Judgment("r", who, "q", "q", "street", item, verdict, 2.0, *told) for who, item, verdict in said
    ]
    votes = [
        Preference("r", who, "q", "q", "street", "one", "two", better, 2.0, *told)
        for who, better in (("Ada", "champion"), ("Bob", "equal"))
    ]
    collection = Collection({}, judgments, votes, "d")
    assert collection.grades() == {"q": {"i": 1.5, "j": 0.0}}
    figures = review_figures(collection, facts)
    assert figures["reviewer_agreement"] == 0.5
    assert figures["num_reviewers"] == 2
    assert (figures["champion/same_at_1"], figures["challenger/same_at_1"]) == (1, 0)
    assert (figures["champion/ndcg_at_10"], figures["net_preference"]) == (1, -0.5)


def test_evaluation_the_examination_and_the_gate_read_the_judgments(
    world: World, settings: Settings, tmp_path: Path
) -> None:
    published = publish(settings, progress=False)
    staged = publish(settings, model="candidate", go_live=False, progress=False)
    assert live_id(settings) == published.release_id != staged.release_id
    assert len(list_releases(settings)) == 2
    record(settings, write_download(tmp_path / "ada.json", world, judge_by_truth(world)))
    shutil.rmtree(settings.stores_dir / "queries")
    collection = load_collection(settings)
    assert collection.queries.keys() == {query["query"] for query in world.facts["queries"]}

    marks = []
    for release_id in (published.release_id, staged.release_id):
        exam = load_exam(settings, current_version(settings))
        encoder = encoder_in(folder_of(settings, show(settings, release_id), "retrieval"))
        marks.append(paired_results(exam, run_exam(exam, encoder, progress=False)))
    answers = {query["query"]: query["champion"] for query in world.facts["queries"]}
    assert marks[0]["judged"] == answers
    words = compared_in_words(collection, marks[0]["judged"], marks[1]["judged"])
    by_truth = relevance(collection, answers)
    assert f"| ndcg_at_10 | {by_truth['ndcg_at_10']:.4f} |" in words
    assert compared_in_words(collection, {}, marks[1]["judged"]).endswith("were examined.\n")

    verdict = gate(settings, RETRIEVAL, "debug", Registered(2, "", "", False, {}, 0.0), progress=False)
    assert not verdict.promoted, "judgments or not, the challenger finds less"
    report = open_registry(settings).read(str(verdict.run_id), "gate/report.md").decode()
    assert words in report
    assert f"{NUM_QUERIES} searches that both were asked" in report

    _write_folder(tmp_path / "unseen")
    metrics = evaluate(settings, tmp_path / "unseen", progress=False)
    assert metrics["judged/num_queries"] == NUM_QUERIES
    assert metrics["judged/ndcg_at_10"] == pytest.approx(by_truth["ndcg_at_10"], abs=1e-6)


def test_without_judgments_there_is_nothing_to_say(settings: Settings) -> None:
    collection = load_collection(settings)
    assert compared_in_words(collection, {"a": ["1"]}, {"a": ["1"]}) == ""
    assert relevance(collection, {"a": ["1"]}) == {}


def _write_folder(folder: Path) -> None:
    """One product that the gallery does not have, in the project's own layout."""
    from atelier.simulate.drop import simulate

    simulate(folder, 12, seed=9, progress=False)
