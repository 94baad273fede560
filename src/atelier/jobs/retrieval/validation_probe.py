"""Compares models on the validation split, for decisions that must not use the exam."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from atelier.datasets.catalogue import Catalogue
from atelier.families.retrieval.inference import Encoder
from atelier.jobs.retrieval.products import products_of
from atelier.jobs.retrieval.queries import Query, held_out_queries
from atelier.jobs.retrieval.scoring import Gallery, ask, embed
from atelier.settings import Settings
from atelier.vocabulary import Item, Photo, Split

MARGIN = 0.01
"""The lower 95 % bound of a paired change in recall_at_1 may be this far below zero."""
MIN_QUERIES = 50
"""With fewer nothing is shown."""
_GALLERY = 3_000
"""The validation products, and training products to make up this number: what queries are looked for in."""


@dataclass(frozen=True)
class Change:
    """A paired comparison: which searches found their item first, before and after."""

    num_queries: int
    mean: float
    """Mean change in recall_at_1."""
    low: float
    """Its lower 95 % bound."""

    @classmethod
    def between(cls, before_Q: NDArray[np.bool_], after_Q: NDArray[np.bool_]) -> Change:
        change_Q = after_Q.astype(float) - before_Q
        if not len(change_Q):
            return cls(0, 0.0, 0.0)
        mean = float(change_Q.mean())
        return cls(len(change_Q), mean, mean - 1.645 * float(change_Q.std()) / len(change_Q) ** 0.5)

    @property
    def loses_nothing(self) -> bool:
        """Test whether the loss of recall is significantly below `MARGIN`."""
        return self.num_queries >= MIN_QUERIES and self.low >= -MARGIN


@dataclass(frozen=True)
class ValidationProbe:
    """Held-out searches and a part of the catalogue as their gallery."""

    catalogue: Catalogue
    photos: Sequence[Photo]
    items: Sequence[Item]
    queries: Sequence[Query]
    _galleries: dict[str, Gallery] = field(default_factory=dict, init=False, repr=False)
    """By the digest of the model that embedded them."""

    @classmethod
    def load(cls, settings: Settings, data_version: str) -> ValidationProbe:
        """Read the validation products and others, evenly spread over the training split."""
        catalogue = Catalogue.open(settings.data_dir)
        photos, items = products_of(catalogue, Split.VALIDATION)
        other_photos, other_items = products_of(catalogue, Split.TRAIN)
        step = max(1, len(other_photos) // max(1, _GALLERY - len(photos)))
        return cls(
            catalogue,
            [*photos, *other_photos[::step]],
            [*items, *other_items[::step]],
            held_out_queries(settings, catalogue, data_version, Split.VALIDATION),
        )

    def gallery(self, encoder: Encoder, progress: bool) -> Gallery:
        """Embed the gallery with an encoder, once for a model."""
        model = encoder.contract.model_digest
        if model not in self._galleries:
            photos = [(self.catalogue.read(photo), None) for photo in self.photos]
            encoded = embed(encoder, photos, "trial: gallery", progress)
            self._galleries[model] = Gallery.of(encoded, self.items)
        return self._galleries[model]

    def hits(self, encoder: Encoder, gallery: Gallery, progress: bool) -> NDArray[np.bool_]:
        """Find the searches that an encoder answers correctly from a gallery, which another may have
        embedded.
        """
        views = ask(encoder, gallery, self.queries, progress, only_best=True)
        return np.concatenate([view.rank_Q < 1 for view in views] or [np.zeros(0, bool)])
