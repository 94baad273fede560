"""The `Answerer`: one release, loaded whole, that answers a picture. Knows no HTTP."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from atelier.errors import NoReleaseError, QueryError
from atelier.families.detection.certainty import is_certain
from atelier.families.detection.inference import Detector, FoundItem
from atelier.families.retrieval.inference import Encoded, Encoder, TextEncoder, within
from atelier.families.retrieval.looks import NARROW, WIDE, prepared_looks
from atelier.families.retrieval.recognition import NUM_NEIGHBOURS, recognise
from atelier.index.query import Hit, IndexReader
from atelier.pictures import DEFAULT_LIMITS, PictureLimits, Shrunk, decode_shrunk, encode_jpeg
from atelier.release.manifest import Release
from atelier.serving.batcher import Batcher
from atelier.serving.feed import FeedMaker
from atelier.styling.personal import ReleasedRanker, no_ranker
from atelier.styling.showcase import Showcase
from atelier.styling.stylist import Stylist
from atelier.vocabulary import Box

MAX_K = 100
NUM_CATEGORIES = 3
"""How many categories an answer names."""
SHRINK_FACTOR = 4
"""A photo's shorter side, or the longer side of what is boxed in it, is decoded at no less than this multiple
of what the network sees: enough for an item that fills a quarter of a photo without a box."""
TEXT_SHARE = 0.5
"""How far a text moves a photo's vectors: this much of its own is added to them."""
_NUMBER = re.compile(r" *[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)? *")
MAX_BATCH = 16
"""Photos that go through the network together, at most."""


@dataclass(frozen=True)
class Filters:
    """Conditions on an answer's items; none by default."""

    categories: tuple[str, ...] = ()
    """Any of these; empty means all."""
    max_price: float | None = None
    in_stock: bool = False
    gender: str | None = None
    season: str | None = None


NO_FILTERS = Filters()


@dataclass(frozen=True)
class CategoryGuess:
    """A predicted category of the picture, by the model and its nearest items."""

    name: str
    probability: float


@dataclass(frozen=True)
class Answer:
    """The nearest items of one release, best first."""

    release_id: str
    data_version: str
    categories: tuple[CategoryGuess, ...]
    items: tuple[Hit, ...]
    seconds: dict[str, float] = field(compare=False)
    """Stage -> duration: `detect`, `embed`, `search`, and what the caller adds."""
    boxes: tuple[FoundItem, ...] = ()
    """The items found in the photo, the one that was searched for first; none where the caller named a box,
    or the release has no detector. In pixels of the picture that was given."""


class Answerer:
    """One release, opened: its student, its index, its manifest and, where it has them, the other families.

    Pure and safe to share by threads. `loader.open_answerer` makes one.
    """

    def __init__(
        self,
        release: Release,
        encoder: Encoder,
        texts: TextEncoder,
        reader: IndexReader,
        detector: Detector | None = None,
        stylist: Stylist | None = None,
        showcase: Showcase | None = None,
        feed_maker: FeedMaker | None = None,
        ranker: ReleasedRanker | None = None,
        models: Mapping[str, Any] | None = None,
    ) -> None:
        """`models`: those of other families, by the family's name, as its `inference.load` returns them."""
        self.release = release
        self.models = models or {}
        self.encoder = encoder
        self.texts = texts
        self.reader = reader
        self.detector = detector
        self.ranker = ranker
        self._stylist = stylist
        self._showcase = showcase
        self._feed_maker = feed_maker
        self._embed = Batcher(partial(_embed, encoder), MAX_BATCH)
        self._number_of = {name: index for index, name in enumerate(encoder.contract.categories)}
        self.loaded_at = datetime.now(UTC)

    @property
    def has_stylist(self) -> bool:
        return self._stylist is not None

    @property
    def stylist(self) -> Stylist:
        """The loaded maker of sets. NoReleaseError: this release has no outfit model."""
        if self._stylist is None:
            raise NoReleaseError(
                f"Release {self.release.release_id} makes no sets: no outfit model passed its gate yet."
            )
        return self._stylist

    @property
    def feed_maker(self) -> FeedMaker:
        """The loaded maker of feeds. NoReleaseError: this release has no ranker."""
        if self._feed_maker is None:
            raise no_ranker(self.release)
        return self._feed_maker

    @property
    def showcase(self) -> Showcase:
        """The loaded maker of collages."""
        assert self._showcase is not None, "a release that was opened has one"
        return self._showcase

    def open_photo(
        self, data: bytes, box: Box | None = None, limits: PictureLimits = DEFAULT_LIMITS
    ) -> tuple[Shrunk, Box | None]:
        """Decode a photo no larger than an answer needs it, and give its box in the pixels of that.

        PictureError: it is no picture within the limits. QueryError: the box is beside it.
        """
        photo = decode_shrunk(data, SHRINK_FACTOR * self.encoder.contract.image_size, box, limits)
        return photo, None if box is None else photo.inside(within(box, *photo.full_size))

    def answer(
        self,
        pixels: NDArray[np.uint8],
        box: Box | None = None,
        filters: Filters = NO_FILTERS,
        k: int = 10,
        *,
        text: str | None = None,
    ) -> Answer:
        """Find the `k` items nearest to the boxed part of an upright RGB picture, uint8 [H, W, 3].

        Without a box, to the item that the detector chooses; without a detector, to what stands before a
        plain background, or else to the whole picture. `text` says what else is wanted: 'in blue'.
        QueryError: k is out of range, the box is beside the picture, no item has what a filter names, or the
        text has no word.
        """
        if not 1 <= k <= MAX_K:
            raise QueryError(f"k: expected 1 to {MAX_K}, got {k}")
        asked = time.perf_counter()
        found = self.detector.find([pixels])[0] if box is None and self.detector else []
        started = time.perf_counter()
        looks = WIDE if found and not is_certain(found[0]) else NARROW
        size = self.encoder.contract.image_size
        encoded = self._embed(prepared_looks(pixels, found[0].box if found else box, size, looks))
        embedded = time.perf_counter()
        recall_LK, relevance_LR = encoded.embedding, encoded.relevance
        neighbours = self.reader.search(recall_LK, max(k, NUM_NEIGHBOURS), relevance=relevance_LR)
        hits = neighbours[:k]
        if filters != NO_FILTERS or text:
            hits = self._search(*self._with_text(recall_LK, relevance_LR, text), filters, k, text)
        return Answer(
            release_id=self.release.release_id,
            data_version=self.release.data_version,
            categories=self._guesses(encoded.category_probability.mean(axis=0, keepdims=True), neighbours),
            items=tuple(hits),
            boxes=tuple(found),
            seconds={
                **({"detect": started - asked} if found else {}),
                "embed": embedded - started,
                "search": time.perf_counter() - embedded,
            },
        )

    def answer_text(self, text: str, filters: Filters = NO_FILTERS, k: int = 10) -> Answer:
        """Find the `k` items for a text: nearest vectors, and titles with its words.

        QueryError: k is out of range, the text has no word, or no item has what a filter names.
        """
        if not 1 <= k <= MAX_K:
            raise QueryError(f"k: expected 1 to {MAX_K}, got {k}")
        started = time.perf_counter()
        encoded = self.texts.encode([text])
        embedded = time.perf_counter()
        hits = self._search(encoded.embedding, encoded.relevance, filters, k, text, is_vector_of_text=True)
        return Answer(
            release_id=self.release.release_id,
            data_version=self.release.data_version,
            categories=(),
            items=tuple(hits),
            seconds={"embed": embedded - started, "search": time.perf_counter() - embedded},
        )

    def _with_text(
        self, recall_LK: NDArray[np.float32], relevance_LR: NDArray[np.float32], text: str | None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The photo's vectors, moved towards what a text says."""
        if not text:
            return recall_LK, relevance_LR
        said = self.texts.encode([text])
        return _towards(recall_LK, said.embedding), _towards(relevance_LR, said.relevance)

    def _search(
        self,
        recall_LK: NDArray[np.float32],
        relevance_LR: NDArray[np.float32],
        filters: Filters,
        k: int,
        text: str | None,
        *,
        is_vector_of_text: bool = False,
    ) -> list[Hit]:
        return self.reader.search(
            recall_LK,
            k,
            filters.categories or None,
            max_price=filters.max_price,
            in_stock=filters.in_stock,
            gender=filters.gender,
            season=filters.season,
            relevance=relevance_LR,
            text=text or None,
            is_vector_of_text=is_vector_of_text,
        )

    def thumbnails(self, answer: Answer) -> dict[str, bytes]:
        """Read JPEGs by item id, for the items of one of its own answers."""
        found = {hit.item_id: self.reader.thumbnail(hit.item_id) for hit in answer.items}
        return {item_id: picture for item_id, picture in found.items() if picture is not None}

    def warm_up(self) -> None:
        """Run every kind of request once, so that the first real one finds everything in memory."""
        photo = encode_jpeg(np.full((1600, 1200, 3), 128, np.uint8))
        for box in (None, Box(300, 400, 900, 1200)):
            decoded, inside = self.open_photo(photo, box)
            self.thumbnails(self.answer(decoded.pixels, inside))
        side = self.encoder.contract.image_size
        for num_photos in range(1, MAX_BATCH + 1):
            looks = np.full((num_photos * len(NARROW), 3, side, side), 0.5, np.float32)
            self.encoder.encode_prepared(looks)
        if self.detector is not None:
            self.detector.detect([np.full((side, side, 3), 128, np.uint8)])

    def _guesses(
        self, probability_1C: NDArray[np.float32], neighbours: Sequence[Hit]
    ) -> tuple[CategoryGuess, ...]:
        nearest = neighbours[:NUM_NEIGHBOURS]
        (probability_C,) = recognise(
            probability_1C,
            np.asarray([[hit.score for hit in nearest]], np.float32),
            np.asarray([[self._number_of.get(hit.category, -1) for hit in nearest]], np.int64),
        )
        best = np.argsort(-probability_C, kind="stable")[:NUM_CATEGORIES]
        names = self.encoder.contract.categories
        return tuple(CategoryGuess(names[i], float(probability_C[i])) for i in best)


def _towards(photo_LD: NDArray[np.float32], text_1D: NDArray[np.float32]) -> NDArray[np.float32]:
    moved_LD = photo_LD + TEXT_SHARE * text_1D
    return np.asarray(moved_LD / np.linalg.norm(moved_LD, axis=1, keepdims=True), np.float32)


def _embed(encoder: Encoder, prepared: Sequence[NDArray[np.float32]]) -> list[Encoded]:
    """One run of the network for several photos, and to each what was said of its looks."""
    return encoder.encode_prepared(np.concatenate(prepared)).apart([len(looks) for looks in prepared])


def parse_box(text: str | None) -> Box | None:
    """Read 'x0,y0,x1,y1'; None and empty are the whole photo. QueryError: it is no box."""
    if text is None or not text.strip():
        return None
    try:
        x0, y0, x1, y1 = map(_number, text.split(","))
        if not all(math.isfinite(value) for value in (x0, y0, x1, y1)):
            raise ValueError("not finite")
        return Box(x0, y0, x1, y1)
    except ValueError as error:
        raise QueryError(
            "box: expected x0,y0,x1,y1 in pixels of the upright photo, with x0 < x1 and y0 < y1, "
            f"got {text[:60]!r}"
        ) from error


def _number(text: str) -> float:
    """In plain digits: Python's own reading also takes '1_000' and the digits of every script."""
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"no number: {text[:40]!r}")
    return float(text)
