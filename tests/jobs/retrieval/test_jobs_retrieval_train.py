"""The jobs one after the other on a small simulated drop: train, distil, register, gate, publish, evaluate.

One workspace serves all tests of this file: making it takes most of their time.
"""

from __future__ import annotations

import csv
import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from family_runs import train_and_judge
from shared_worlds import NUM_ITEMS, moved_copy

from atelier.datasets.catalogue import Catalogue
from atelier.errors import DigestError, DropError, TrainingError, VersionError
from atelier.jobs.data.ingest import ingest
from atelier.jobs.release.publish import Published, publish
from atelier.jobs.retrieval.evaluate import evaluate
from atelier.jobs.retrieval.family import RETRIEVAL
from atelier.jobs.retrieval.gallery import gallery
from atelier.jobs.retrieval.pick_photo import pick_photo
from atelier.jobs.retrieval.queries import held_out_queries, read_queries
from atelier.lifecycle.context import current_version
from atelier.lifecycle.family import TrainOutcome
from atelier.lifecycle.gate import GateOutcome
from atelier.lifecycle.register import Registered
from atelier.lifecycle.runs import read_weights, train_family
from atelier.pictures import decode
from atelier.registry.store import open_registry
from atelier.settings import Settings
from atelier.simulate.drop import simulate
from atelier.simulate.queries import write_queries
from atelier.vocabulary import PhotoKind, Split


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


def test_the_report_of_a_run_shows_searches_as_shoppers_make_them(workspace: Workspace) -> None:
    shown = decode(gallery(workspace.settings, workspace.registered))
    assert max(shown.shape) == 1200
    assert shown.std() > 10, "a picture of something"


def test_a_photo_to_try_is_one_that_training_never_saw(workspace: Workspace, tmp_path: Path) -> None:
    picked = pick_photo(workspace.settings, tmp_path / "query.jpg")
    catalogue = Catalogue.open(workspace.settings.data_dir)
    shoppers = {photo.sha256: photo for photo in catalogue.photos(PhotoKind.SHOPPER)}
    seen = shoppers[hashlib.sha256(picked.path.read_bytes()).hexdigest()]
    assert seen.split != Split.TRAIN
    assert picked.box is not None
    other = pick_photo(workspace.settings, tmp_path / "other.jpg", 1)
    assert other.item_id != picked.item_id
    with pytest.raises(DropError, match=r"on the test side of its split \(expected 1001 or more"):
        pick_photo(workspace.settings, tmp_path / "none.jpg", 1000)


def test_weights_that_changed_after_training_are_refused(workspace: Workspace, tmp_path: Path) -> None:
    (stored,) = (workspace.settings.home / "mlruns").rglob("weights/student.onnx")
    original = stored.read_bytes()
    try:
        stored.write_bytes(original[:-1] + bytes([original[-1] ^ 1]))
        with pytest.raises(DigestError, match=r"student\.onnx is not the file that was trained"):
            read_weights(open_registry(workspace.settings), workspace.runs["student"], tmp_path)
    finally:
        stored.write_bytes(original)


def test_the_same_searches_are_asked_for_one_data_version(workspace: Workspace) -> None:
    settings = workspace.settings
    catalogue = Catalogue.open(settings.data_dir)
    first, second = (
        held_out_queries(settings, catalogue, current_version(settings), Split.TEST) for _ in range(2)
    )
    assert [(query.query_id, query.data) for query in first] == [(q.query_id, q.data) for q in second]
    held_out = {item.item_id for item in catalogue.items() if item.split == Split.TEST}
    assert {query.item_id for query in first} <= held_out
    assert {query.kind for query in first} >= {"reshot", "shopper"}


@pytest.fixture(scope="module")
def held_out_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Products that training never saw, with a tidy second photo and a street photo of each."""
    folder = tmp_path_factory.mktemp("held-out") / "products"
    simulate(folder, 12, seed=77, progress=False)
    home = Settings(home=folder.parent / "home")
    ingest(home, folder, progress=False)
    catalogue = Catalogue.open(home.data_dir)
    products = [
        (str(photo.item_id), decode(catalogue.read(photo))) for photo in catalogue.photos(PhotoKind.CATALOGUE)
    ]
    street = np.random.default_rng(0).integers(0, 255, (300, 200, 3), dtype=np.uint8)
    write_queries(folder, products, [street], seed=1)
    return folder


def test_evaluation_scores_products_and_searches_of_an_unseen_folder(
    workspace: Workspace, held_out_dir: Path
) -> None:
    metrics = evaluate(workspace.settings, held_out_dir, progress=False)
    assert metrics["num_products"] == 12
    assert metrics["num_gallery"] == NUM_ITEMS + 12
    for name in ("reshot/whole", "street/whole", "street/boxed"):
        assert 0 <= metrics[f"{name}/recall_at_1"] <= metrics[f"{name}/recall_at_10"] <= 1
    assert "reshot/boxed/recall_at_1" not in metrics, "a re-shot has no box"
    assert publish(workspace.settings, progress=False).rows == NUM_ITEMS, "the gallery was a throwaway copy"


def test_a_search_with_the_catalogue_photo_itself_finds_its_item(
    workspace: Workspace, held_out_dir: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "same"
    shutil.copytree(held_out_dir, folder, ignore=shutil.ignore_patterns("queries"))
    with (held_out_dir / "photos.csv").open(newline="") as file:
        shown = [row for row in csv.DictReader(file) if row["kind"] == "catalogue"][:5]
    (folder / "queries").mkdir()
    shutil.copy(held_out_dir / "pictures-catalogue.zip", folder / "queries" / "same.zip")
    members = [row["file"].partition("/")[2] for row in shown]
    lines = [f"same.zip/{member},{row['item_id']},,,," for member, row in zip(members, shown, strict=True)]
    (folder / "queries" / "truth.csv").write_text("\n".join(["photo,item_id,x0,y0,x1,y1", *lines]) + "\n")
    metrics = evaluate(workspace.settings, folder, progress=False)
    assert metrics["same/whole/recall_at_10"] == 1


@pytest.mark.parametrize(
    ("truth", "message"),
    [
        ("photo,item_id\n", "has no column x0"),
        ("photo,item_id,x0,y0,x1,y1\nnone.zip/a.jpg,1,,,,\n", "no readable photo 'none.zip/a.jpg'"),
        ("photo,item_id,x0,y0,x1,y1\nreshot.zip/no.jpg,1,,,,\n", "no readable photo 'reshot.zip/no.jpg'"),
    ],
)
def test_broken_queries_are_refused_by_line(
    held_out_dir: Path, tmp_path: Path, truth: str, message: str
) -> None:
    shutil.copytree(held_out_dir / "queries", tmp_path / "queries")
    (tmp_path / "queries" / "truth.csv").write_text(truth)
    with pytest.raises(DropError, match=message):
        read_queries(tmp_path / "queries")


def test_training_without_data_or_with_an_unknown_preset_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(VersionError, match="atelier ingest DIR"):
        train_family(Settings(home=tmp_path), RETRIEVAL, "debug", progress=False)
    with pytest.raises(TrainingError, match="known presets: debug, demo, small, base"):
        train_family(Settings(home=tmp_path), RETRIEVAL, "enormous", progress=False)
