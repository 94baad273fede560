"""From two models to a blinded page, and from a reviewer's file to figures that evaluation reads."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from publish_world import crown
from review_world import accept, two_models

from atelier.datasets import judgments as store
from atelier.errors import ContractError, DropError, RegistryError
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
from atelier.jobs.review import page as review_page
from atelier.jobs.review.judgments import read_download, record
from atelier.jobs.review.page import Shown, page
from atelier.jobs.review.review import Reviewed, review
from atelier.lifecycle.gate import gate
from atelier.lifecycle.register import Registered
from atelier.pictures import encode_jpeg
from atelier.registry.store import open_registry
from atelier.release.store import folder_of, list_releases, live_id, show
from atelier.settings import Settings
from atelier.vocabulary import Box, Item, Judgment, Preference

NUM_QUERIES = 24


@dataclass(frozen=True)
class World:
    settings: Settings
    data_version: str
    made: Reviewed

    @property
    def facts(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(Path(self.made.page_path).with_name("review.json").read_text())
        return value


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("review")
    settings = Settings(home=folder / "home", max_bad_share=0.2)
    digest = accept(settings)
    two_models(settings, folder)
    made = review(settings, num_queries=NUM_QUERIES, seed=3, progress=False)
    return World(settings, digest, made)


@pytest.fixture
def settings(world: World, tmp_path: Path) -> Settings:
    """The workspace with judgments of this test's own."""
    for name in ("data", "stores"):
        shutil.copytree(world.settings.home / name, tmp_path / name)
    shutil.copy(world.settings.data_pointer_path, tmp_path)
    return Settings(
        home=tmp_path,
        tracking_uri=world.settings.mlflow_uri,
        artifact_root=world.settings.mlflow_artifacts,
        max_bad_share=0.2,
    )


def page_data(made: Reviewed) -> dict[str, Any]:
    """What the page knows."""
    text = Path(made.page_path).read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    value: dict[str, Any] = json.loads(found.group(1))
    return value


def judge_by_truth(world: World) -> list[dict[str, Any]]:
    """A reviewer marks the very item 'same', others of its category 'similar', and prefers to find it."""
    data, rows = page_data(world.made), []
    for query in data["queries"]:
        own = data["items"][query["item_id"]]["category"]
        moment = "2026-11-22T10:00:00.000Z"
        for item_id in sorted({item_id for item_id, _ in (*query["a"], *query["b"])}):
            alike = "similar" if data["items"][item_id]["category"] == own else "wrong"
            verdict = "same" if item_id == query["item_id"] else alike
            rows.append(
                {"query": query["query"], "item_id": item_id, "verdict": verdict, "judged_at": moment}
            )
        places = [_place(query[side], query["item_id"]) for side in ("a", "b")]
        better = "equal" if places[0] == places[1] else "A" if places[0] < places[1] else "B"
        rows.append({"query": query["query"], "item_id": None, "verdict": better, "judged_at": moment})
    return rows


def _place(found: Sequence[Sequence[Any]], item_id: str) -> int:
    ids = [each[0] for each in found]
    return ids.index(item_id) if item_id in ids else len(ids)


def write_download(path: Path, world: World, rows: Sequence[dict[str, Any]], reviewer: str = "Ada") -> Path:
    path.write_text(
        json.dumps({"review_id": world.made.review_id, "reviewer": reviewer, "rows": rows}), encoding="utf-8"
    )
    return path


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


def test_the_page_does_not_know_which_model_is_which(world: World) -> None:
    text = Path(world.made.page_path).read_text(encoding="utf-8")
    script = text[text.index('id="data">') :]
    assert not re.search(r"champion|challenger|retrieval [12]", script)
    sides = [query["a"] for query in world.facts["queries"]]
    assert 0.2 < np.mean([side == "champion" for side in sides]) < 0.8, "both stand on both sides"
    for shown, kept in zip(page_data(world.made)["queries"], world.facts["queries"], strict=True):
        first = kept["a"]
        second = "challenger" if first == "champion" else "champion"
        assert [item_id for item_id, _ in shown["a"]] == kept[first]
        assert [item_id for item_id, _ in shown["b"]] == kept[second]


def test_the_page_needs_nothing_but_itself_and_titles_cannot_break_out(world: World) -> None:
    text = Path(world.made.page_path).read_text(encoding="utf-8")
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", text)
    assert "default-src 'none'" in text
    assert text.count("</script>") == 2
    assert "</script> № 1" in page_data(world.made)["items"]["001"]["title"]


def test_a_page_of_large_photos_stays_within_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(review_page, "MAX_BYTES", 500_000)
    random = np.random.default_rng(0)
    noise = [encode_jpeg(random.integers(0, 255, (400, 300, 3), np.uint8), quality=95) for _ in range(3)]
    items = {f"{n}": (Item(f"{n}", "title", "Jeans", "test"), noise[n % 3]) for n in range(30)}
    found = [(f"{n}", 0.5) for n in range(10)]
    searches = [Shown(f"{n}", "street", "1", Box(0, 0, 9, 9), noise[0], found, found) for n in range(4)]
    assert 100_000 < len(page("abc", searches, items).encode()) <= 500_000
    monkeypatch.setattr(review_page, "MAX_BYTES", 50_000)
    with pytest.raises(ValueError, match="4 searches do not fit into a page of 50,000 bytes"):
        page("abc", searches, items)


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium to open the page")
def test_a_browser_shows_the_first_search_with_twenty_answers(world: World) -> None:
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=3000"]
    shown = subprocess.run(
        [*command, "--dump-dom", f"file://{world.made.page_path}"],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout
    assert shown.count('<article class="hit') == 20
    assert f"0 of {NUM_QUERIES} searches done" in shown


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


def test_one_model_is_nothing_to_review(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    accept(settings)
    crown(settings, tmp_path / "only")
    with pytest.raises(RegistryError, match="needs two models; 1 version of retrieval"):
        review(settings, progress=False)
    with pytest.raises(RegistryError, match="the same model"):
        review(settings, "1", "champion", progress=False)
    with pytest.raises(RegistryError, match=r"'7' is no version, alias or release.*expected one of 1,"):
        review(settings, "1", "7", progress=False)


def test_recorded_judgments_undo_the_blinding_and_favour_the_model_that_finds_the_item(
    world: World, settings: Settings, tmp_path: Path
) -> None:
    report = record(settings, write_download(tmp_path / "ada.json", world, judge_by_truth(world)))
    assert report.added["preferences"] == NUM_QUERIES
    assert report.quarantined == {"judgments": 0, "preferences": 0}
    figures = report.figures
    places = {
        side: [_place([[item] for item in query[side]], query["item_id"]) for query in world.facts["queries"]]
        for side in ("champion", "challenger")
    }
    pairs = list(zip(places["champion"], places["challenger"], strict=True))
    assert figures["champion_better"] == sum(one < other for one, other in pairs) > 0
    assert figures["challenger_better"] == sum(one > other for one, other in pairs)
    assert figures["equal"] == sum(one == other for one, other in pairs)
    assert figures["net_preference"] < 0, "the champion finds more items"
    assert figures["champion/same_at_1"] > figures["challenger/same_at_1"]
    assert figures["champion/coverage_at_10"] == 1
    weights = np.asarray([query["weight"] for query in world.facts["queries"]])
    first = np.asarray([place == 0 for place in places["champion"]])
    assert figures["champion/same_at_1"] == pytest.approx((first * weights).sum() / weights.sum())
    registry = open_registry(settings)
    assert registry.read(report.run_id, "tables/judgments.csv").count(b"\n") == report.added["judgments"] + 1


def test_the_same_file_again_changes_nothing_and_a_change_of_mind_counts(
    world: World, settings: Settings, tmp_path: Path
) -> None:
    rows = judge_by_truth(world)[:9]
    path = write_download(tmp_path / "ada.json", world, rows)
    first = record(settings, path)
    again = record(settings, path)
    assert sum(again.added.values()) == sum(again.updated.values()) == 0
    assert again.run_id == first.run_id
    changed = {**rows[0], "verdict": "wrong", "judged_at": "2026-11-22T12:30:00+01:00"}
    later = record(settings, write_download(tmp_path / "later.json", world, [changed]))
    assert (later.added["judgments"], later.updated["judgments"]) == (0, 1)
    (kept,) = [
        row
        for row in store.read(settings.judgments_dir, "judgments")
        if (row.query_digest, row.item_id) == (rows[0]["query"], rows[0]["item_id"])
    ]
    assert kept.verdict == "wrong"


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


def test_a_csv_download_says_the_same_as_a_json_one(world: World, tmp_path: Path) -> None:
    rows = judge_by_truth(world)
    lines = ["review_id,reviewer,query,item_id,verdict,judged_at"]
    lines += [",".join([world.made.review_id, '"Ada"', *(row[name] or "" for name in row)]) for row in rows]
    path = tmp_path / "ada.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert read_download(path) == read_download(write_download(tmp_path / "ada.json", world, rows))


def test_bad_rows_go_to_quarantine_with_their_reason_and_the_rest_is_recorded(
    world: World, settings: Settings, tmp_path: Path
) -> None:
    rows = judge_by_truth(world)
    rows += [
        {**rows[0], "item_id": "never shown"},
        {**rows[0], "query": "f" * 32},
        {**rows[1], "verdict": "nice", "judged_at": "2026-11-22T11:00:00Z"},
        {**rows[2], "judged_at": "yesterday"},
        {**rows[2], "judged_at": None},
    ]
    report = record(settings, write_download(tmp_path / "ada.json", world, rows))
    assert report.quarantined["judgments"] == 5
    assert report.added["judgments"] == len(rows) - 5 - NUM_QUERIES, "the older, good row of a bad one stays"
    quarantined = pq.read_table(settings.quarantine_dir / "judgments.parquet").to_pylist()
    reasons = " | ".join(row["reason"] for row in quarantined)
    for reason in (
        "an item that was shown for this search",
        "a search of this review",
        "one of same, similar, wrong",
        "a moment in ISO 8601",
        "judged_at is empty",
    ):
        assert reason in reasons


def test_a_file_that_is_mostly_bad_adds_nothing(world: World, settings: Settings, tmp_path: Path) -> None:
    rows = [{**row, "item_id": "never shown"} for row in judge_by_truth(world)[:5]]
    with pytest.raises(ContractError, match="5 of 5 rows broke their contract"):
        record(settings, write_download(tmp_path / "ada.json", world, rows))
    assert store.read(settings.judgments_dir, "judgments") == []
    assert (settings.quarantine_dir / "judgments.parquet").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it has no column review_id"),
        ("{not json", "is not a download of a review"),
        ('{"review_id": "abc", "reviewer": "Ada", "rows": []}', "holds no judgment"),
        ('{"review_id": "abc"}', "is not a download"),
        ("review_id,reviewer,query,item_id,verdict,judged_at\na,b,c,d,e,f\nb,b,c,d,e,f\n", "of 2 reviews"),
    ],
)
def test_a_file_that_is_no_download_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "file"
    path.write_text(text)
    with pytest.raises(DropError, match=message):
        record(Settings(home=tmp_path), path)


def test_judgments_of_an_unknown_review_are_refused(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    row = {"query": "q", "item_id": "i", "verdict": "same", "judged_at": "2026-11-22T10:00:00Z"}
    path.write_text(json.dumps({"review_id": "0123456789ab", "reviewer": "Ada", "rows": [row]}))
    with pytest.raises(RegistryError, match="review '0123456789ab' is unknown in this workspace"):
        record(settings, path)


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
        exam = load_exam(settings, world.data_version)
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
