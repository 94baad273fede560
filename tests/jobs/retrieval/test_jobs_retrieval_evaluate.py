"""The live release is scored on a folder of products and searches that training never saw."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
from shared_worlds import NUM_ITEMS, moved_copy

from atelier.datasets.catalogue import Catalogue
from atelier.errors import DropError
from atelier.jobs.data.ingest import ingest
from atelier.jobs.release.publish import publish
from atelier.jobs.retrieval.evaluate import evaluate
from atelier.jobs.retrieval.queries import read_queries
from atelier.pictures import decode
from atelier.settings import Settings
from atelier.simulate.drop import simulate
from atelier.simulate.queries import write_queries
from atelier.vocabulary import PhotoKind


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, trained_home: Path) -> Settings:
    settings = Settings(home=moved_copy(trained_home, tmp_path_factory.mktemp("copy") / "home"))
    publish(settings, progress=False)
    return settings


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
    settings: Settings, held_out_dir: Path
) -> None:
    metrics = evaluate(settings, held_out_dir, progress=False)
    assert metrics["num_products"] == 12
    assert metrics["num_gallery"] == NUM_ITEMS + 12
    for name in ("reshot/whole", "street/whole", "street/boxed"):
        assert 0 <= metrics[f"{name}/recall_at_1"] <= metrics[f"{name}/recall_at_10"] <= 1
    assert "reshot/boxed/recall_at_1" not in metrics, "a re-shot has no box"
    assert publish(settings, progress=False).rows == NUM_ITEMS, "the gallery was a throwaway copy"


def test_a_search_with_the_catalogue_photo_itself_finds_its_item(
    settings: Settings, held_out_dir: Path, tmp_path: Path
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
    metrics = evaluate(settings, folder, progress=False)
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
