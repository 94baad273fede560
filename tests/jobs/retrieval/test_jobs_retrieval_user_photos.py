"""Shoppers' labelled photos: asked of the test senders, and left out where there are none."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from onnx import helper
from publish_world import write_student
from tiny_networks import write_network

from atelier.datasets import store
from atelier.datasets.catalogue import Catalogue
from atelier.datasets.shards import write_shards
from atelier.families.retrieval.inference import Encoder
from atelier.jobs.retrieval.user_photos import label_metrics, user_photo_metrics, wilson_interval
from atelier.pictures import encode_jpeg
from atelier.vocabulary import TABLES, Photo, Split

COLOURS = {"Dress": (220, 30, 30), "Hat": (30, 220, 30), "Pants": (30, 30, 220)}
SIDES = {"train": 60, "validation": 9, "test": 12}


def colourful_catalogue(
    data_dir: Path, num_train: int = SIDES["train"], shuffle_test: bool = False
) -> Catalogue:
    """Photos of one colour a label, with some noise of their own."""
    rng = np.random.default_rng(0)
    photos, pictures = [], {}
    for split, num in {**SIDES, "train": num_train}.items():
        for number in range(num):
            label = list(COLOURS)[number % 3]
            noise = rng.integers(-25, 26, (4, 4, 3))
            pixels = np.clip(np.asarray(COLOURS[label]) + noise, 0, 255).astype(np.uint8)
            data = encode_jpeg(pixels.repeat(16, 0).repeat(16, 1), quality=95)
            sha256 = hashlib.sha256(data).hexdigest()
            pictures[sha256] = data
            told = list(COLOURS)[(number + 1) % 3] if shuffle_test and split == "test" else label
            row = Photo(
                f"{split}-{number}", None, "shopper", "test", category=told, sender=split, split=split
            )
            photos.append(replace(row, width=64, height=64, sha256=sha256))
    places = write_shards(data_dir / "pictures", pictures.items())
    placed = [replace(photo, **asdict(places[str(photo.sha256)])) for photo in photos]
    store.publish(data_dir, {**{name: [] for name in TABLES}, "photos": placed}, {})
    return Catalogue.open(data_dir)


@pytest.fixture
def encoder(tmp_path: Path) -> Encoder:
    """Says of a photo the label of its strongest colour."""
    nodes = [
        helper.make_node("GlobalAveragePool", ["pixels"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["label_logits"]),
        helper.make_node("LpNormalization", ["label_logits"], ["vector"], axis=1, p=2),
        helper.make_node("Identity", ["label_logits"], ["category_logits"]),
    ]
    path = tmp_path / "student.onnx"
    contract = write_network(
        path, nodes, {}, size=8, dimension=3, categories=("a", "b", "c"), labels=tuple(COLOURS)
    )
    return Encoder(path, contract, threads=1)


def test_labels_are_asked_of_the_test_senders_photos(tmp_path: Path, encoder: Encoder) -> None:
    metrics = user_photo_metrics(colourful_catalogue(tmp_path / "data"), encoder, progress=False)
    assert metrics["user_photos/label_accuracy"] == 1.0
    assert metrics["user_photos/num_photos"] == SIDES["test"]
    assert metrics["user_photos/num_labels"] == 3
    assert 0.7 < metrics["user_photos/label_accuracy_low"] < metrics["user_photos/label_accuracy_high"] == 1.0


def test_wrong_and_unknown_labels_count_as_missed(tmp_path: Path, encoder: Encoder) -> None:
    catalogue = colourful_catalogue(tmp_path / "data", shuffle_test=True)
    assert user_photo_metrics(catalogue, encoder, progress=False)["user_photos/label_accuracy"] == 0.0
    asked = [(catalogue.read(photo), "Kimono") for photo in catalogue.labelled_photos(Split.TEST)]
    assert label_metrics(encoder, asked, progress=False)["user_photos/label_accuracy"] == 0.0


def test_a_network_without_labels_or_no_photos_give_no_metric(tmp_path: Path, encoder: Encoder) -> None:
    plain = Encoder(tmp_path / "plain.onnx", write_student(tmp_path / "plain.onnx", 1.0), threads=1)
    assert user_photo_metrics(colourful_catalogue(tmp_path / "data"), plain, progress=False) == {}
    assert label_metrics(encoder, [], progress=False) == {}


def test_the_interval_of_a_share_is_the_textbooks() -> None:
    low, high = wilson_interval(8, 10)
    assert [low, high] == pytest.approx([0.4902, 0.9433], abs=1e-3)
