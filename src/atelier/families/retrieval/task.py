"""What the teacher learns: two views of an item meet, other items stay away, and the category is known.

B = batch, F = side of a frame, S = side of a view, D = embedding, A = attributes; a step sees 2 B views.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from atelier.datasets.batches import ProductBatch
from atelier.families.retrieval.augment import mirrored, street_views, tidy_views
from atelier.families.retrieval.config import RetrievalConfig
from atelier.families.retrieval.losses import MarginSoftmax, masked_mean, view_contrast
from atelier.families.retrieval.metrics import rank_of_item, retrieval_metrics
from atelier.families.retrieval.model import RetrievalNetwork
from atelier.families.retrieval.products import Labels


class Views(NamedTuple):
    """Two views of each product of a batch, first all first ones, then all second ones."""

    pixels_V3SS: Tensor
    """float, 0 to 1; V = 2 B."""
    products: ProductBatch

    def twice(self, label_B: Tensor) -> Tensor:
        """A label of each product, repeated for its two views."""
        return torch.cat([label_B, label_B])


@dataclass(frozen=True)
class Validation:
    """Queries and a gallery that training never sees, prepared as serving prepares them (uint8, squeezed)."""

    gallery_G3SS: NDArray[np.uint8]
    gallery_item_G: NDArray[np.int64]
    gallery_category_G: NDArray[np.int64]
    held_out_G: NDArray[np.bool_]
    """Gallery rows that are not among the training products: the category accuracy is theirs."""
    queries: dict[str, NDArray[np.uint8]]
    """Kind of query ('street') to pictures [Q, 3, S, S]."""
    query_items: dict[str, NDArray[np.int64]]


class RetrievalModule(nn.Module):
    """The network with the heads that only training needs. Call it with `Views`: a loss and its parts."""

    def __init__(self, network: RetrievalNetwork, labels: Labels, config: RetrievalConfig) -> None:
        super().__init__()
        loss, dimension = config.loss, config.network.dimension
        self.config = loss
        self.network = network
        self.items = MarginSoftmax(labels.num_items, dimension, loss.item_scale, loss.item_margin)
        self.clusters = MarginSoftmax(labels.num_clusters, dimension, loss.item_scale, loss.cluster_margin)
        self.attributes = nn.ModuleList(
            nn.Linear(network.num_features, size) for size in labels.attribute_sizes
        )

    def forward(self, views: Views) -> tuple[Tensor, dict[str, Tensor]]:
        embedding_VD, category_VC, pooled_VP = self.network(views.pixels_V3SS)
        first_BD, second_BD = embedding_VD.chunk(2)
        products = views.products
        parts = {
            "item": self.items(embedding_VD, views.twice(products.item_B)),
            "cluster": self.clusters(embedding_VD, views.twice(products.cluster_B)),
            "contrast": view_contrast(first_BD, second_BD, products.item_B, self.config.contrast_temperature),
            "category": F.cross_entropy(
                category_VC, views.twice(products.category_B), label_smoothing=self.config.label_smoothing
            ),
            "attribute": self._attribute_loss(pooled_VP, views.twice(products.attributes_BA)),
        }
        weights = {
            "item": 1.0,
            "cluster": self.config.cluster_weight,
            "contrast": self.config.contrast_weight,
            "category": self.config.category_weight,
            "attribute": self.config.attribute_weight,
        }
        total = torch.stack([weights[name] * value for name, value in parts.items()]).sum()
        return total, parts

    def _attribute_loss(self, pooled_VP: Tensor, attributes_VA: Tensor) -> Tensor:
        """Cross-entropy of the known attributes, summed over them."""
        total = pooled_VP.new_zeros((), dtype=torch.float32)
        for head, target_V in zip(self.attributes, attributes_VA.unbind(1), strict=True):
            losses_V = F.cross_entropy(head(pooled_VP).float(), target_V.clamp_min(0), reduction="none")
            total = total + masked_mean(losses_V, target_V >= 0)
        return total


class RetrievalTask:
    """The engine's `Task` for a network that learns from products."""

    def __init__(
        self,
        module: RetrievalModule,
        streets_M3HW: Tensor,
        config: RetrievalConfig,
        validation: Validation | None = None,
    ) -> None:
        self.module: nn.Module = module
        self.streets_M3HW = streets_M3HW
        self.config = config
        self.validation = validation

    def prepare(self, batch: ProductBatch, generator: torch.Generator) -> Views:
        return make_views(batch, self.streets_M3HW, self.config, generator)

    def loss(self, module: nn.Module, batch: Views) -> tuple[Tensor, dict[str, Tensor]]:
        return module(batch)

    def evaluate(self, module: nn.Module) -> dict[str, float]:
        if self.validation is None:
            return {}
        return evaluate_network(module.network, self.validation)


def make_views(
    batch: ProductBatch, streets_M3HW: Tensor, config: RetrievalConfig, generator: torch.Generator
) -> Views:
    """A tidy view and a shopper's view of each product.

    The shopper's view is a street composite for the first part of the batch and a re-shot for the rest (the
    batch is in random order); a real shopper's photo takes its place half the time where there is one.
    """
    size, augment = config.network.image_size, config.augment
    streets_M3HW = streets_M3HW.to(batch.frames_B4FF.device, non_blocking=True)
    frames_B4FF, extents_B4 = mirrored(batch.frames_B4FF, batch.extents_B4, augment, generator)
    num_streets = round(len(frames_B4FF) * augment.street_share)
    street, plain = frames_B4FF[:num_streets], frames_B4FF[num_streets:]
    second = torch.cat(
        [
            street_views(street, extents_B4[:num_streets], streets_M3HW, size, augment, generator),
            tidy_views(plain, size, augment, generator),
        ]
    )
    if batch.has_shopper_B.any():
        opaque = F.pad(batch.shopper_frames_B3FF, (0, 0, 0, 0, 0, 1), value=255)
        real = tidy_views(opaque, size, augment, generator)
        coin = torch.rand(len(second), device=second.device, generator=generator) < augment.real_share
        second = torch.where((coin & batch.has_shopper_B)[:, None, None, None], real, second)
    first = tidy_views(frames_B4FF, size, augment, generator, augment.first_view_strength)
    pixels = torch.cat([first, second]).contiguous(memory_format=torch.channels_last)
    return Views(pixels, batch)


@torch.inference_mode()
def learn_whitening(
    network: RetrievalNetwork, batches: Iterable[ProductBatch], streets_M3HW: Tensor, config: RetrievalConfig
) -> None:
    """Whiten a trained network's embedding by how two views of one product differ in it.

    `batches`: training products, some thousand in all, on the network's device. The same give the same.
    """
    network.eval()
    network.whitening.reset()
    device = network.mean.device
    generator = torch.Generator(device).manual_seed(0)
    first, second = [], []
    for batch in batches:
        views = make_views(batch, streets_M3HW, config, generator)
        with torch.autocast(device.type, torch.bfloat16):
            first_BD, second_BD = network(views.pixels_V3SS).embedding.chunk(2)
        first.append(first_BD)
        second.append(second_BD)
    network.whitening.learn(torch.cat(first), torch.cat(second))


def evaluate_network(network: nn.Module, validation: Validation) -> dict[str, float]:
    """`recall_at_1` and `recall_at_10` for each kind of query and their mean, and the category accuracy."""
    gallery_GD, logits_GC = embed_all(network, validation.gallery_G3SS)
    right_G = logits_GC.argmax(axis=1) == validation.gallery_category_G
    metrics: dict[str, float] = {}
    if validation.held_out_G.any():
        metrics["category_accuracy"] = float(right_G[validation.held_out_G].mean())
    for kind, pictures in validation.queries.items():
        query_QD, _ = embed_all(network, pictures)
        rank_Q = rank_of_item(query_QD, gallery_GD, validation.query_items[kind], validation.gallery_item_G)
        metrics |= {f"{kind}/{name}": value for name, value in retrieval_metrics(rank_Q).items()}
    for name in ("recall_at_1", "recall_at_10") if validation.queries else ():
        metrics[name] = float(np.mean([metrics[f"{kind}/{name}"] for kind in validation.queries]))
    return metrics


@torch.inference_mode()
def embed_all(
    network: nn.Module, pictures_N3SS: NDArray[np.uint8], batch_size: int = 256
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Embeddings [N, D] and category logits [N, C] of uint8 pictures, in bfloat16 for speed."""
    device = next(network.parameters()).device
    embeddings, logits = [], []
    for start in range(0, len(pictures_N3SS), batch_size):
        pixels = torch.from_numpy(pictures_N3SS[start : start + batch_size]).to(device).float() / 255
        with torch.autocast(device.type, torch.bfloat16):
            features = network(pixels.contiguous(memory_format=torch.channels_last))
        embeddings.append(features.embedding.float().cpu().numpy())
        logits.append(features.category_logits.float().cpu().numpy())
    return np.concatenate(embeddings), np.concatenate(logits)
