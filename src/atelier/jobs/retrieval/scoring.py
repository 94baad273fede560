"""Scores how well an encoder finds known items, for registry, gate and evaluation alike.

Q = queries, G = gallery, D = embedding, C = categories
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from atelier.families.detection.certainty import is_certain
from atelier.families.detection.inference import Detector
from atelier.families.retrieval.inference import Encoded, Encoder, crop, prepare
from atelier.families.retrieval.looks import NARROW, WIDE, QueryCrop, prepared_looks
from atelier.families.retrieval.metrics import rank_among, retrieval_metrics, top_k, two_stages
from atelier.families.retrieval.recognition import NUM_NEIGHBOURS, recognise
from atelier.index.query import NUM_CANDIDATES
from atelier.jobs.retrieval.products import item_numbers
from atelier.jobs.retrieval.queries import Query
from atelier.lifecycle.cache import in_threads
from atelier.pictures import decode
from atelier.progress import Progress
from atelier.vocabulary import Box, Item

_BATCH = 256
_LOOKED_AT_ONCE = 32
_NUM_FOUND = 30
"""Gallery rows kept of an answer: ten different items, though some have several photos."""


@dataclass(frozen=True)
class Gallery:
    """Embedded catalogue photos that queries are ranked against."""

    recall_GK: NDArray[np.float32]
    relevance_GR: NDArray[np.floating]
    item_ids: list[str]
    group_G: NDArray[np.int64]
    """Rows of one product share a number: finding any of them is right."""

    @classmethod
    def of(cls, encoded: Encoded, items: Sequence[Item]) -> Gallery:
        """Embed the photos of these items."""
        return cls(
            encoded.embedding, encoded.relevance, [item.item_id for item in items], item_numbers(items)
        )

    def number_of(self, item_id: str) -> int:
        """Return the product number of an item; -1 where the gallery does not hold it."""
        row = self._row_of.get(item_id)
        return -1 if row is None else int(self.group_G[row])

    @cached_property
    def _row_of(self) -> dict[str, int]:
        return {item_id: row for row, item_id in enumerate(self.item_ids)}


@dataclass(frozen=True)
class View:
    """One form of a query: with its box ('street/boxed'), without ('street/whole'), or with the box that the
    detector finds ('street/detected').
    """

    name: str
    queries: tuple[Query, ...]
    rank_Q: NDArray[np.int64]
    """Where the item came; 0 is first."""
    top_QK: NDArray[np.int64]
    """Gallery rows of the first answers."""
    similarity_QK: NDArray[np.float32]
    """Their cosines."""

    def found(self, item_ids: Sequence[str], k: int = 10) -> list[list[tuple[str, float]]]:
        """Return the best `k` items of each query with their cosines; of several photos of an item the best
        counts.

        `item_ids` are those of the gallery's rows.
        """
        answers = []
        for rows, similarities in zip(self.top_QK, self.similarity_QK, strict=True):
            best: dict[str, float] = {}
            for row, similarity in zip(rows, similarities, strict=True):
                best.setdefault(item_ids[row], float(similarity))
            answers.append(list(best.items())[:k])
        return answers


def embed(
    encoder: Encoder, pictures: Sequence[tuple[bytes, Box | None]], label: str, progress: bool
) -> Encoded:
    """Embed encoded pictures, framed by their boxes, a batch at a time."""
    size = encoder.contract.image_size

    def prepared(picture: tuple[bytes, Box | None]) -> NDArray[np.float32]:
        data, box = picture
        return prepare(crop(decode(data), box), size)

    parts = [encoder.encode([])]
    with Progress(label, len(pictures), unit="photos", shown=progress) as bar:
        for start in range(0, len(pictures), _BATCH):
            batch = pictures[start : start + _BATCH]
            pixels = np.stack(in_threads(prepared, batch, label, progress=False))
            parts.append(encoder.encode_prepared(pixels))
            bar.update(len(batch))
    return Encoded.joined(parts)


def ask(
    encoder: Encoder,
    gallery: Gallery,
    queries: Sequence[Query],
    progress: bool,
    *,
    detector: Detector | None = None,
    only_best: bool = False,
) -> list[View]:
    """Run every kind of query on the whole photo, on the boxed part where boxes are known, and with a
    `detector` on the part that it chooses.

    `only_best`: only as a shopper is prepared_queries to search, boxed where boxes are known.
    """
    views = []
    for kind in sorted({query.kind for query in queries}):
        own = [query for query in queries if query.kind == kind]
        boxed = [query for query in own if query.box is not None]
        ways: dict[str, list[PreparedQuery]] = {}
        if detector is not None and not only_best:
            ways["detected"] = as_detected(detector, own)
        if not (only_best and boxed):
            ways["whole"] = [PreparedQuery(query, None) for query in own]
        if boxed:
            ways["boxed"] = [PreparedQuery(query, query.box) for query in boxed]
        for how, prepared_queries in ways.items():
            encoded = look(encoder, prepared_queries, f"{kind}/{how}", progress)
            views.append(_view(f"{kind}/{how}", [each.query for each in prepared_queries], encoded, gallery))
    return views


class PreparedQuery(NamedTuple):
    """A query with its item's number, and its box as serving uses it."""

    query: Query
    box: Box | None
    looks: tuple[QueryCrop, ...] = NARROW


def as_detected(detector: Detector, queries: Sequence[Query]) -> list[PreparedQuery]:
    """Replace the boxes of queries by those that a detector chooses."""
    prepared_queries: list[PreparedQuery] = []
    for start in range(0, len(queries), _LOOKED_AT_ONCE):
        part = queries[start : start + _LOOKED_AT_ONCE]
        pictures = in_threads(Query.pixels, part, "detecting", False)
        for query, (chosen, *_) in zip(part, detector.find(pictures), strict=True):
            prepared_queries.append(PreparedQuery(query, chosen.box, NARROW if is_certain(chosen) else WIDE))
    return prepared_queries


def look(
    encoder: Encoder, prepared_queries: Sequence[PreparedQuery], label: str, progress: bool
) -> list[Encoded]:
    """Embed the test-time crops of each query."""
    size = encoder.contract.image_size

    def prepared(each: PreparedQuery) -> NDArray[np.float32]:
        return prepared_looks(each.query.pixels(), each.box, size, each.looks)

    encoded: list[Encoded] = []
    with Progress(label, len(prepared_queries), unit="photos", shown=progress) as bar:
        for start in range(0, len(prepared_queries), _LOOKED_AT_ONCE):
            looks = in_threads(
                prepared, prepared_queries[start : start + _LOOKED_AT_ONCE], label, progress=False
            )
            encoded += encoder.encode_prepared(np.concatenate(looks)).apart([len(each) for each in looks])
            bar.update(len(looks))
    return encoded


def recognised(
    categories: Sequence[str],
    vectors_BD: NDArray[np.float32],
    probability_BC: NDArray[np.float32],
    gallery_GD: NDArray[np.float32],
    gallery_categories: Sequence[str],
) -> list[str]:
    """Predict the article type of each photo, by the network and its neighbours in a gallery of known types.

    `categories` name the columns of `probability_BC`. As serving does it: see `recognition.recognise`.
    """
    number = {name: index for index, name in enumerate(categories)}
    known_G = np.asarray([number.get(name, -1) for name in gallery_categories], np.int64)
    nearest_BK = top_k(vectors_BD, gallery_GD, NUM_NEIGHBOURS)
    similarity_BK = np.einsum("bd,bkd->bk", vectors_BD, gallery_GD[nearest_BK])
    together_BC = recognise(probability_BC, similarity_BK, known_G[nearest_BK])
    return [categories[index] for index in together_BC.argmax(axis=1)]


def recall_metrics(views: Iterable[View]) -> dict[str, float]:
    """Compute `street/boxed/recall_at_1` and so on, for each view."""
    metrics: dict[str, float] = {}
    for view in views:
        for name, value in retrieval_metrics(view.rank_Q).items():
            metrics[f"{view.name}/{name}"] = value
    return metrics


def best_views(views: Sequence[View]) -> list[View]:
    """Select for each kind of query the view that shoppers use: boxed where boxes are known."""
    kinds = {view.name.partition("/")[0]: view for view in views}
    return [kinds[kind] for kind in sorted(kinds)]


def milliseconds_per_picture(
    encoders: Sequence[Encoder], rounds: int = 5, pictures: int = 60
) -> list[list[float]]:
    """Measure the CPU time of one picture, for each encoder and round, alternating encoders.

    Open them with one thread: several wait for each other, and that counts too. Process time, so that another
    program on the machine does not count. A list of rounds for each encoder.
    """
    times: list[list[float]] = [[] for _ in encoders]
    for _ in range(rounds):
        for encoder, own in zip(encoders, times, strict=True):
            size = encoder.contract.image_size
            pixels = np.full((1, 3, size, size), 0.5, np.float32)
            encoder.encode_prepared(pixels)
            start = time.process_time()
            for _ in range(pictures):
                encoder.encode_prepared(pixels)
            own.append((time.process_time() - start) * 1000 / pictures)
    return times


def _view(name: str, queries: Sequence[Query], encoded: Sequence[Encoded], gallery: Gallery) -> View:
    """Rank as serving does: by recall vectors first, then by relevance vectors."""
    number_Q = np.asarray([gallery.number_of(query.item_id) for query in queries], np.int64)
    answers = [
        two_stages(each.embedding, each.relevance, gallery.recall_GK, gallery.relevance_GR, NUM_CANDIDATES)
        for each in encoded
    ]
    found_QN, cosine_QN = (np.stack(column) for column in zip(*answers, strict=True))
    rank_Q = rank_among(found_QN, number_Q, gallery.group_G)
    return View(name, tuple(queries), rank_Q, found_QN[:, :_NUM_FOUND], cosine_QN[:, :_NUM_FOUND])
