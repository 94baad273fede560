"""Defines the retrieval exam: all products as the gallery, held-out searches as queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from atelier.datasets.catalogue import Catalogue
from atelier.families.detection.inference import Detector
from atelier.families.retrieval.inference import Encoder
from atelier.jobs.retrieval.products import products_of
from atelier.jobs.retrieval.queries import Query, held_out_queries, judged_queries
from atelier.jobs.retrieval.scoring import Gallery, View, ask, best_views, embed, recall_metrics, recognised
from atelier.jobs.retrieval.user_photos import user_photo_metrics
from atelier.settings import Settings
from atelier.vocabulary import Item, Photo, Split


@dataclass(frozen=True)
class Exam:
    """The test split of one data version; the same for every model that is examined on that version."""

    catalogue: Catalogue
    photos: list[Photo]
    items: list[Item]
    queries: list[Query]
    judged: Sequence[Query] = ()
    """Searches that people judged, of whatever data version."""
    detector: Detector | None = None
    """What finds the item of a search that names no box; the champion, while there is one."""

    @property
    def is_held_out(self) -> NDArray[np.bool_]:
        """Gallery rows that are not in the training split."""
        return np.asarray([photo.split == Split.TEST for photo in self.photos], bool)

    @property
    def held_out_items(self) -> list[Item]:
        return [item for item, held_out in zip(self.items, self.is_held_out, strict=True) if held_out]

    @property
    def known_items(self) -> list[Item]:
        return [item for item, held_out in zip(self.items, self.is_held_out, strict=True) if not held_out]

    @cached_property
    def item_of(self) -> dict[str, Item]:
        return {item.item_id: item for item in self.items}


@dataclass(frozen=True)
class RetrievalAnswers:
    """The answers of one encoder."""

    views: list[View]
    recognised: list[str]
    """Category that is recognised in each held-out product; its neighbours are products that are not."""
    metrics: dict[str, float]
    """`recall_at_1` over all searches as a shopper would make them (boxed where a box is known), the same for
    each way of asking, `category_accuracy` over the held-out products, and those of `jobs.user_photos`."""
    judged: dict[str, list[str]]
    """Digest of each search that people judged -> its best ten items, best first: see `jobs.relevance`."""


def paired_results(exam: Exam, answers: RetrievalAnswers) -> dict[str, Any]:
    """Serialise the results that a comparison of two models needs, a row for each search."""
    views = best_views(answers.views)
    queries = [query for view in views for query in view.queries]
    return {
        "query_ids": [query.query_id for query in queries],
        "item_ids": [query.item_id for query in queries],
        "categories": [exam.item_of[query.item_id].category for query in queries],
        "correct": [bool(rank < 1) for view in views for rank in view.rank_Q],
        "category_accuracy": answers.metrics["category_accuracy"],
        "judged": answers.judged,
    }


def load_exam(settings: Settings, data_version: str, detector: Detector | None = None) -> Exam:
    """Read the exam from the workspace's data; its searches are rendered once for a data version."""
    catalogue = Catalogue.open(settings.data_dir)
    photos, items = products_of(catalogue)
    queries = held_out_queries(settings, catalogue, data_version, Split.TEST)
    return Exam(catalogue, photos, items, queries, judged_queries(settings), detector)


def found_in(views: Sequence[View], item_ids: Sequence[str]) -> dict[str, list[str]]:
    """Map each search's digest to its best ten items; `item_ids` are those of the gallery's rows."""
    return {
        query.digest: [item_id for item_id, _ in found]
        for view in views
        for query, found in zip(view.queries, view.found(item_ids), strict=True)
    }


def run_exam(
    exam: Exam, encoder: Encoder, progress: bool = True, *, only_best: bool = False
) -> RetrievalAnswers:
    """Run the exam with an encoder; `only_best` uses one view for each kind of search, see `ask`."""
    pictures = [(exam.catalogue.read(photo), None) for photo in exam.photos]
    encoded = embed(encoder, pictures, "embedding the gallery", progress)
    vectors_GD, probability_GC = encoded.embedding, encoded.category_probability
    gallery = Gallery.of(encoded, exam.items)
    views = ask(encoder, gallery, exam.queries, progress, detector=exam.detector, only_best=only_best)
    held_out_G = exam.is_held_out
    categories = recognised(
        encoder.contract.categories,
        vectors_GD[held_out_G],
        probability_GC[held_out_G],
        vectors_GD[~held_out_G],
        [item.category for item in exam.known_items],
    )
    right = [item.category == name for item, name in zip(exam.held_out_items, categories, strict=True)]
    ranks = np.concatenate([view.rank_Q for view in best_views(views)]) if views else np.zeros(0, np.int64)
    metrics = {
        "recall_at_1": float((ranks < 1).mean()) if len(ranks) else 0.0,
        "recall_at_10": float((ranks < 10).mean()) if len(ranks) else 0.0,
        "category_accuracy": float(np.mean(right)) if right else 0.0,
        **recall_metrics(views),
        **({} if only_best else user_photo_metrics(exam.catalogue, encoder, progress)),
    }
    judged = ask(encoder, gallery, list(exam.judged), progress, only_best=True)
    item_ids = [item.item_id for item in exam.items]
    return RetrievalAnswers(views, categories, metrics, found_in(judged, item_ids))
