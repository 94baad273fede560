"""Validation asks a network of one layer whose answers are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from atelier.families.retrieval.model import Features
from atelier.families.retrieval.validation import Validation, embed_all, embed_titles, evaluate_network

COLOURS = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255]], np.uint8)


class MeanColour(nn.Module):
    """A picture is its mean colour: its vector, and the logits of its category and label. A title is the
    colour of its first token."""

    def __init__(self) -> None:
        super().__init__()
        self.unused = nn.Parameter(torch.zeros(1))

    def forward(self, pixels: Tensor) -> Features:
        mean = pixels.mean((2, 3))
        unit = nn.functional.normalize(mean.float(), dim=1)
        return Features(unit, mean, mean[:, :2], mean)

    def embed_text(self, tokens: Tensor) -> Tensor:
        return torch.eye(3)[tokens[:, 0]]


def _plain(*numbers: int) -> np.ndarray:
    """Pictures [N, 3, 4, 4] of these colours."""
    return np.broadcast_to(COLOURS[list(numbers)][:, :, None, None], (len(numbers), 3, 4, 4)).copy()


WORLD = Validation(
    gallery_G3SS=_plain(0, 1, 2),
    gallery_item_G=np.array([10, 11, 12]),
    gallery_category_G=np.array([0, 1, 0]),
    gallery_tokens_GT=np.array([[0], [1], [0]]),
    gallery_title_G=np.array([0, 1, 2]),
    held_out_G=np.array([True, True, True]),
    queries={"street": _plain(0, 1), "reshot": _plain(2, 2)},
    query_items={"street": np.array([10, 12]), "reshot": np.array([12, 12])},
    labelled_L3SS=_plain(0, 1, 1, 1),
    label_L=np.array([0, 0, 1, 1]),
)


def test_each_kind_of_query_has_its_recall_and_their_mean_is_the_whole() -> None:
    metrics = evaluate_network(MeanColour(), WORLD)
    assert metrics["street/recall_at_1"] == 0.5
    assert metrics["reshot/recall_at_1"] == 1.0
    assert metrics["recall_at_1"] == 0.75
    assert metrics["recall_at_10"] == 1.0


def test_categories_labels_and_titles_are_counted() -> None:
    metrics = evaluate_network(MeanColour(), WORLD)
    assert metrics["category_accuracy"] == pytest.approx(2 / 3), "blue is taken for category 2"
    assert metrics["label_accuracy"] == 0.75
    assert metrics["title/recall_at_10"] == 1.0


def test_categories_are_asked_of_held_out_products_alone() -> None:
    seen = replace(WORLD, held_out_G=np.array([False, False, True]))
    assert evaluate_network(MeanColour(), seen)["category_accuracy"] == 0.0


def test_what_is_not_asked_has_no_figure() -> None:
    nothing = replace(
        WORLD,
        held_out_G=np.zeros(3, bool),
        queries={},
        query_items={},
        labelled_L3SS=_plain()[:0],
        label_L=np.zeros(0, np.int64),
    )
    assert evaluate_network(MeanColour(), nothing) == {}


def test_batches_of_any_size_give_the_same() -> None:
    pictures = _plain(0, 1, 2, 1, 0)
    whole, parts = (embed_all(MeanColour(), pictures, batch_size=size) for size in (5, 2))
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_allclose(whole.embedding_ND, np.eye(3)[[0, 1, 2, 1, 0]], atol=1e-6)


def test_titles_are_embedded_by_the_text_tower() -> None:
    np.testing.assert_array_equal(embed_titles(MeanColour(), np.array([[2, 1]])), [[0, 0, 1]])
