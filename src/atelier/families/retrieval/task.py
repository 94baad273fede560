"""Trains the teacher in two stages: attributes first, then items and their clusters of look-alikes.

B = products, L = labelled photos, V = 2 B + L views, D = embedding, A = attributes
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from atelier.datasets.batches import ProductBatch
from atelier.families.retrieval.config import LossConfig, RetrievalConfig
from atelier.families.retrieval.losses import MarginSoftmax, PairContrast, masked_mean, view_contrast
from atelier.families.retrieval.model import Features, RetrievalNetwork
from atelier.families.retrieval.products import Labels
from atelier.families.retrieval.validation import Validation, evaluate_network
from atelier.families.retrieval.views import Views, make_views
from atelier.precision import Precision

Loss = tuple[Tensor, dict[str, Tensor]]
"""The total, and its parts by name before they are weighted."""


class AttributesModule(nn.Module):
    """The first stage: article types and other attributes, titles, and the labels of shoppers' photos.

    Call it with `Views`. Its heads serve the second pass too.
    """

    def __init__(self, network: RetrievalNetwork, labels: Labels, config: RetrievalConfig) -> None:
        super().__init__()
        self.config = config.loss
        self.network = network
        self.title = PairContrast(config.loss.text_contrast)
        self.attributes = nn.ModuleList(
            nn.Linear(network.num_features, size) for size in labels.attribute_sizes
        )

    def forward(self, views: Views) -> Loss:
        parts = self.facts(views, self.network(views.pixels_V3SS))
        return weighted(parts, fact_weights(self.config)), parts

    def facts(self, views: Views, features: Features) -> dict[str, Tensor]:
        """Compute the losses of both stages."""
        products = views.products
        category_VC = views.of_products(features.category_logits)
        smoothing = self.config.label_smoothing
        parts = {
            "category": F.cross_entropy(
                category_VC, views.twice(products.category_B), label_smoothing=smoothing
            ),
            "attribute": self._attribute_loss(
                views.of_products(features.pooled), views.twice(products.attributes_BA)
            ),
            "text": self._title_loss(views, features),
        }
        if len(products.label_L):
            parts["label"] = F.cross_entropy(
                views.of_labelled(features.label_logits), products.label_L, label_smoothing=smoothing
            )
        return parts

    def _title_loss(self, views: Views, features: Features) -> Tensor:
        """Both views of a product are pairs of its title."""
        first_BD, second_BD = views.of_products(features.embedding).chunk(2)
        text_BD = self.network.embed_text(views.products.tokens_BT)
        title_B = views.products.title_B
        return (self.title(first_BD, text_BD, title_B) + self.title(second_BD, text_BD, title_B)) / 2

    def _attribute_loss(self, pooled_VP: Tensor, attributes_VA: Tensor) -> Tensor:
        """Cross-entropy of the known attributes, summed over them."""
        total = pooled_VP.new_zeros((), dtype=torch.float32)
        for head, target_V in zip(self.attributes, attributes_VA.unbind(1), strict=True):
            losses_V = F.cross_entropy(head(pooled_VP).float(), target_V.clamp_min(0), reduction="none")
            total = total + masked_mean(losses_V, target_V >= 0)
        return total


class RetrievalModule(AttributesModule):
    """The second stage: attributes, and the item and cluster of look-alikes of a view."""

    def __init__(self, network: RetrievalNetwork, labels: Labels, config: RetrievalConfig) -> None:
        super().__init__(network, labels, config)
        loss, dimension = config.loss, config.network.dimension
        self.items = MarginSoftmax(
            labels.num_items, dimension, loss.item_scale, loss.item_margin, loss.sampled_items
        )
        self.clusters = MarginSoftmax(labels.num_clusters, dimension, loss.item_scale, loss.cluster_margin)

    def forward(self, views: Views) -> Loss:
        features, products, config = self.network(views.pixels_V3SS), views.products, self.config
        embedding_VD = views.of_products(features.embedding)
        first_BD, second_BD = embedding_VD.chunk(2)
        parts = {
            "item": self.items(embedding_VD, views.twice(products.item_B)),
            "cluster": self.clusters(embedding_VD, views.twice(products.cluster_B)),
            "contrast": view_contrast(first_BD, second_BD, products.item_B, config.contrast_temperature),
            **self.facts(views, features),
        }
        weights = {
            "item": 1.0,
            "cluster": config.cluster_weight,
            "contrast": config.contrast_weight,
            **fact_weights(config),
        }
        return weighted(parts, weights), parts


class RetrievalTask:
    """The engine's `Task` for a network that learns from products, in either pass."""

    def __init__(
        self,
        module: AttributesModule,
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

    def loss(self, module: nn.Module, batch: Views) -> Loss:
        total, parts = module(batch)
        return total, parts

    def evaluate(self, module: nn.Module) -> dict[str, float]:
        if self.validation is None:
            return {}
        return evaluate_network(module.network, self.validation)


@torch.inference_mode()
def learn_space(
    network: RetrievalNetwork,
    batches: Iterable[ProductBatch],
    streets_M3HW: Tensor,
    config: RetrievalConfig,
    precision: Precision,
) -> None:
    """Learn a trained network's space from how two views of one product, and its title, are embedded.

    `batches`: training products, some thousand in all, on the network's device. The same give the same.
    """
    network.eval()
    network.space.reset()
    device = network.mean.device
    generator = torch.Generator(device).manual_seed(0)
    first, second, titles = [], [], []
    for batch in batches:
        views = make_views(batch, streets_M3HW, config, generator)
        with precision.autocast(device):
            embedding_VD = network(views.pixels_V3SS).embedding
        first_BD, second_BD = views.of_products(embedding_VD).chunk(2)
        first.append(first_BD)
        second.append(second_BD)
        titles.append(network.embed_text(batch.tokens_BT))
    network.space.learn(torch.cat(first), torch.cat(second), torch.cat(titles))


def weighted(parts: Mapping[str, Tensor], weights: Mapping[str, float]) -> Tensor:
    """Sum the parts times their weights."""
    return torch.stack([weights[name] * value for name, value in parts.items()]).sum()


def fact_weights(config: LossConfig) -> dict[str, float]:
    """Return the weights of the losses of `FactsModule.facts`."""
    return {
        "category": config.category_weight,
        "attribute": config.attribute_weight,
        "text": config.text_weight,
        "label": config.label_weight,
    }
