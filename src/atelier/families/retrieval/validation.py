"""Evaluates a network in training on held-out searches and article types.

G = gallery, Q = queries, L = labelled photos, S = side of a picture, D = embedding, C = categories,
P = penultimate features
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from atelier.families.retrieval.metrics import rank_of_item, retrieval_metrics


@dataclass(frozen=True)
class Validation:
    """Held-out queries and their gallery, prepared as in serving (uint8, resized)."""

    gallery_G3SS: NDArray[np.uint8]
    gallery_item_G: NDArray[np.int64]
    gallery_category_G: NDArray[np.int64]
    gallery_tokens_GT: NDArray[np.int64]
    """Tokens of each product's title."""
    gallery_title_G: NDArray[np.int64]
    """Products of one title share a number: finding any of them by its title is right."""
    held_out_G: NDArray[np.bool_]
    """Gallery rows that are not among the training products: categories and titles are asked of these."""
    queries: dict[str, NDArray[np.uint8]]
    """Kind of query ('street') to pictures [Q, 3, S, S]."""
    query_items: dict[str, NDArray[np.int64]]
    labelled_L3SS: NDArray[np.uint8]
    """Shoppers' photos of unknown items."""
    label_L: NDArray[np.int64]


class Predictions(NamedTuple):
    """A network's outputs for N pictures."""

    embedding_ND: NDArray[np.float32]
    category_logits_NC: NDArray[np.float32]
    label_logits_NL: NDArray[np.float32]
    pooled_NP: NDArray[np.float32]
    """Penultimate features."""


def evaluate_network(network: nn.Module, validation: Validation) -> dict[str, float]:
    """Compute recall for each kind of query and their mean, accuracy of categories and labels, recall by
    title.
    """
    gallery = embed_all(network, validation.gallery_G3SS)
    held_out_G = validation.held_out_G
    right_G = gallery.category_logits_NC.argmax(axis=1) == validation.gallery_category_G
    metrics: dict[str, float] = {}
    if held_out_G.any():
        metrics["category_accuracy"] = float(right_G[held_out_G].mean())
        title_GD = embed_titles(network, validation.gallery_tokens_GT[held_out_G])
        title_G = validation.gallery_title_G
        rank_G = rank_of_item(title_GD, gallery.embedding_ND, title_G[held_out_G], title_G)
        metrics["title/recall_at_10"] = retrieval_metrics(rank_G)["recall_at_10"]
    if len(validation.label_L):
        outputs = embed_all(network, validation.labelled_L3SS)
        metrics["label_accuracy"] = float(
            (outputs.label_logits_NL.argmax(axis=1) == validation.label_L).mean()
        )
    for kind, pictures in validation.queries.items():
        query_QD = embed_all(network, pictures).embedding_ND
        rank_Q = rank_of_item(
            query_QD, gallery.embedding_ND, validation.query_items[kind], validation.gallery_item_G
        )
        metrics |= {f"{kind}/{name}": value for name, value in retrieval_metrics(rank_Q).items()}
    for name in ("recall_at_1", "recall_at_10") if validation.queries else ():
        metrics[name] = float(np.mean([metrics[f"{kind}/{name}"] for kind in validation.queries]))
    return metrics


@torch.inference_mode()
def embed_all(network: nn.Module, pictures_N3SS: NDArray[np.uint8], batch_size: int = 256) -> Predictions:
    """Compute a network's outputs for uint8 pictures, in the precision of the current autocast."""
    device = next(network.parameters()).device
    outputs = []
    for start in range(0, len(pictures_N3SS), batch_size):
        pixels = torch.from_numpy(pictures_N3SS[start : start + batch_size]).to(device).float() / 255
        features = network(pixels.contiguous(memory_format=torch.channels_last))
        outputs.append([rows.float().cpu().numpy() for rows in features])
    return Predictions(*(np.concatenate(column) for column in zip(*outputs, strict=True)))


@torch.inference_mode()
def embed_titles(network: nn.Module, tokens_NT: NDArray[np.int64]) -> NDArray[np.float32]:
    """Compute relevance vectors [N, D] of titles given as tokens."""
    device = next(network.parameters()).device
    vectors: NDArray[np.float32] = (
        network.embed_text(torch.from_numpy(tokens_NT).to(device)).float().cpu().numpy()
    )
    return vectors
