"""Questions to one published version: nearest items under filters, by picture, by text or both.

B = queries, N = items, D = embedding, R = relevance embedding
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike, NDArray

from atelier.errors import CatalogueIndexError, EmbeddingContractError, QueryError
from atelier.index.filters import ItemFilters
from atelier.index.graph import Rows
from atelier.index.graph_searcher import GraphSearcher
from atelier.index.saved import SavedSearcher, make_searcher, save
from atelier.index.schema import FACTS, IndexVersion
from atelier.index.searcher import ExactSearcher, Searcher, Selection
from atelier.index.store import open_version, read_rows
from atelier.index.text import fuse, has_titles_index, search_titles
from atelier.index.titles import Titles
from atelier.vocabulary import Item

if TYPE_CHECKING:
    from lancedb.table import Table

    from atelier.settings import Settings

NUM_CANDIDATES = 100
"""Items found by the recall vector, or by text, that relevance and fusion put in order."""
_DIGITS = 6
"""Scores are rounded to this many decimals: what differs less is a tie."""
_MARGIN = 6
"""So many more neighbours are taken than asked for, so that exact scores decide who is the last."""
_THUMBNAILS_KEPT = 1_024
_MAX_TITLE_WEIGHT = 0.95
"""Of titles against vectors: among titles that hold the same words, the vectors decide."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Hit:
    """One found item and its attributes."""

    item_id: str
    score: float
    """Cosine of the angle between query and item, -1 to 1, rounded to six decimals."""
    title: str
    category: str
    department: str | None
    gender: str | None
    colour: str | None
    price: float | None
    rating: float | None
    """Mean of the reviews, 0 to 5."""
    num_reviews: int | None
    stock: int | None


_SHOWN = tuple(field.name for field in fields(Hit) if field.name != "score")


class IndexReader:
    """One index version in memory. Safe to share by threads; later publications do not touch it.

    Facts and vectors are read once. A `Searcher` finds the candidates: exactly up to some ten thousand items,
    through a graph above (`saved.make_searcher`). Filters cost it no recall. The candidates' scores are then
    computed anew in double precision, alike on every machine.
    """

    def __init__(
        self,
        version: IndexVersion,
        vectors_ND: NDArray[np.float32],
        facts: pa.Table,
        read_thumbnail: Callable[[int], bytes],
        *,
        searcher: Searcher | None = None,
        relevance_NR: NDArray[np.float16] | None = None,
        table: Table | None = None,
    ) -> None:
        """Use `open`. Rows of all are in order of item id."""
        self.version = version
        self.vectors_ND = vectors_ND
        self.facts = facts
        self.searcher = searcher or ExactSearcher(vectors_ND)
        self.relevance_NR = relevance_NR
        self.item_ids: list[str] = facts["item_id"].to_pylist()
        self._filters = ItemFilters(facts)
        self._titles = Titles(facts["title"])
        self._row_of = {item_id: row for row, item_id in enumerate(self.item_ids)}
        self._thumbnail = lru_cache(maxsize=_THUMBNAILS_KEPT)(read_thumbnail)
        self._table = table

    @classmethod
    def open(
        cls,
        settings: Settings,
        version: IndexVersion,
        contract_digest: str | None = None,
        *,
        saved: SavedSearcher | None = None,
        previous: IndexReader | None = None,
    ) -> IndexReader:
        """Load a version. `contract_digest`: that of the encoder whose queries will be asked.

        A large catalogue takes its graph from `previous`, a reader of an earlier version of which most rows
        are the same, or from a `saved` file, or builds it. EmbeddingContractError: the encoder's vectors do
        not belong to this index. CatalogueIndexError: the version is gone or is not what it says.
        DigestError: the saved file is not the one it should be.
        """
        if contract_digest not in (None, version.contract_digest):
            raise EmbeddingContractError(
                f"index {version.table} was built under embedding contract {version.contract_digest[:12]}, "
                f"the encoder has {str(contract_digest)[:12]}: their vectors cannot be compared. Publish an "
                f"index for this model."
            )
        table = open_version(settings, version)
        rows = read_rows(table)
        searcher = _shared(previous, version, rows.facts, rows.vectors_ND) or make_searcher(
            rows.vectors_ND, saved=saved, threads=settings.serve_threads
        )
        return cls(
            version,
            rows.vectors_ND,
            rows.facts,
            rows.read_thumbnail,
            searcher=searcher,
            relevance_NR=rows.relevance_NR,
            table=table,
        )

    def search(
        self,
        vector: ArrayLike,
        k: int = 12,
        categories: Sequence[str] | None = None,
        *,
        max_price: float | None = None,
        in_stock: bool = False,
        gender: str | None = None,
        season: str | None = None,
        relevance: ArrayLike | None = None,
        text: str | None = None,
        is_vector_of_text: bool = False,
    ) -> list[Hit]:
        """Find the k items nearest to a unit vector [D], best first; equal scores in order of item id.

        Vectors may also be several looks at one thing, [L, D] and [L, R]: an item is as near as it is to the
        nearest of them. With a `relevance` vector [R], the first hundred by `vector` are put in order by it,
        and scored by it. With a `text`, their ranking is fused with that of the titles; scores stay cosines.
        `is_vector_of_text`: nothing but the text was asked, so that an item of just that title comes first,
        and either ranking counts as much as it is sure (see `_rows_of_written`).
        Fewer than k where fewer pass the filters. An item of which a fact is unknown does not pass a filter
        on that fact.
        QueryError: a category, gender or season that no item has, a k below 1, a vector not finite.
        EmbeddingContractError: a vector of another dimension, or a relevance vector where there are none.
        """
        selection = self._filters.selection(categories, gender, season, max_price, in_stock)
        query_LD = np.atleast_2d(np.ascontiguousarray(vector, np.float32))
        self._check(query_LD, k)
        relevance_LR = None if relevance is None else self._checked_relevance(relevance)
        if text is None and relevance_LR is None:
            rows, scores = self._nearest(query_LD, k, selection)
            return self._hits(rows, scores)
        num = max(k, NUM_CANDIDATES)
        rows, scores = self._nearest(query_LD, num, selection)
        if text is not None:
            by_title = self._rows_of_text(text, num, selection)
            if is_vector_of_text:
                rows = self._rows_of_written(text, query_LD, rows, by_title, selection)
            else:
                rows = np.array(fuse([rows.tolist(), by_title]), np.int64)
            scores = _cosines(self.vectors_ND[rows], query_LD)
        if relevance_LR is not None:
            assert self.relevance_NR is not None
            scores = _cosines(self.relevance_NR[rows], relevance_LR)
            if text is None:
                order = np.lexsort((rows, -scores))
                rows, scores = rows[order], scores[order]
        return self._hits(rows[:k], scores[:k])

    def search_batch(
        self, vectors: ArrayLike, k: int = 12, categories: Sequence[str] | None = None
    ) -> list[list[Hit]]:
        """Search for unit vectors [B, D] like `search`: the k best items of each."""
        selection = self._filters.selection(categories)
        queries_BD = np.ascontiguousarray(vectors, np.float32)
        self._check(queries_BD, k)
        found = self.searcher.search_batch(queries_BD, self._candidates(k), selection)
        return [
            self._hits(*self._ordered(query_D[None], rows, k))
            for query_D, (rows, _) in zip(queries_BD, found, strict=True)
        ]

    def search_text(
        self,
        text: str,
        k: int = 12,
        categories: Sequence[str] | None = None,
        *,
        max_price: float | None = None,
        in_stock: bool = False,
        gender: str | None = None,
        season: str | None = None,
    ) -> list[Hit]:
        """Find the k items whose titles match a text best, in English or Chinese; `score` is 0: there is no
        vector.

        CatalogueIndexError: the index was published without titles to search.
        """
        self._check_k(k)
        selection = self._filters.selection(categories, gender, season, max_price, in_stock)
        rows = np.array(self._rows_of_text(text, k, selection), np.int64)
        return self._hits(rows, np.zeros(len(rows)))

    def searcher_files(self, folder: Path) -> dict[str, Path]:
        """Write the graph into `folder`, for a release to carry: name -> file; none for a small catalogue."""
        path = save(self.searcher, folder)
        return {} if path is None else {path.name: path}

    @property
    def categories(self) -> list[str]:
        """List every category that some item has, sorted."""
        return self._filters.known["category"]

    def item(self, item_id: str) -> Item | None:
        """Return all attributes of an item, `split` aside; None where this index has no such item."""
        row = self._row_of.get(item_id)
        return None if row is None else Item(**self.facts.select(FACTS).slice(row, 1).to_pylist()[0])

    def relevance(self) -> NDArray[np.float16]:
        """Return the relevance vectors [N, R] of all items. CatalogueIndexError: the contract has none."""
        if self.relevance_NR is None:
            raise CatalogueIndexError(f"index {self.version.table} has no relevance vectors")
        return self.relevance_NR

    def thumbnail(self, item_id: str) -> bytes | None:
        """Read a small JPEG of an item from the index; None where this index has no such item."""
        row = self._row_of.get(item_id)
        return None if row is None else self._thumbnail(row)

    def __len__(self) -> int:
        return len(self.item_ids)

    def _candidates(self, k: int) -> int:
        """An exact searcher adds the ties by itself."""
        return k if isinstance(self.searcher, ExactSearcher) else k + _MARGIN

    def _nearest(
        self, query_LD: NDArray[np.float32], k: int, selection: Selection | None
    ) -> tuple[Rows, NDArray[np.float64]]:
        if len(query_LD) == 1:
            found, _ = self.searcher.search(query_LD[0], self._candidates(k), selection)
        else:
            looks = self.searcher.search_batch(query_LD, self._candidates(k), selection)
            found = np.unique(np.concatenate([rows for rows, _ in looks]))
        return self._ordered(query_LD, found, k)

    def _ordered(self, query_LD: NDArray[np.float32], rows: Rows, k: int) -> tuple[Rows, NDArray[np.float64]]:
        """The k best candidates by float64 scores; rows are in order of item id, and so are ties."""
        rows = rows.astype(np.int64)
        scores = _cosines(self.vectors_ND[rows], query_LD)
        best = np.lexsort((rows, -scores))[:k]
        return rows[best], scores[best]

    def _rows_of_text(self, text: str, num: int, selection: Selection | None) -> list[int]:
        """Up to `num` rows that pass, best first."""
        text = text.strip()
        if len(text) < 2:  # less than the titles' tokens: a single Chinese character, say
            passing = pc.match_substring(self.facts["title"], text, ignore_case=True).to_numpy()
            rows = np.flatnonzero(passing if text else np.zeros(len(self), bool))
        else:
            if self._table is None or not has_titles_index(self._table):
                raise CatalogueIndexError(
                    f"index {self.version.table} was published without a full-text index on titles; publish "
                    f"anew to search by text"
                )
            share = 1.0 if selection is None else max(selection.count, 1) / len(self)
            asked = num
            while True:
                asked = min(len(self), int(asked / share) + num)
                ids = search_titles(self._table, text, asked)
                rows = np.array([self._row_of[item_id] for item_id in ids], np.int64)
                passing = rows if selection is None else rows[selection.mask_N[rows]]
                if len(passing) >= num or len(ids) < asked or asked == len(self):
                    return passing[:num].tolist()
        return (rows if selection is None else rows[selection.mask_N[rows]])[:num].tolist()

    def _rows_of_written(
        self,
        text: str,
        query_LD: NDArray[np.float32],
        near: Rows,
        by_title: Sequence[int],
        selection: Selection | None,
    ) -> Rows:
        """The rows that a written query finds by vector, by words and as an exact title, best first.

        A row scores w * coverage + (1 - w) * cosine, a convex combination (Bruch, Gai and Ingber, TOIS 2023,
        https://doi.org/10.1145/3596512), where w is the share of the query in the best title: words that no
        title has leave the decision to the vectors, and vectors that are all alike leave it to the words.
        """
        exact = self._titles.exact(text)
        exact = exact if selection is None else exact[selection.mask_N[exact]]
        rows = np.unique(np.concatenate([near.astype(np.int64), np.asarray(by_title, np.int64), exact]))
        coverage = self._titles.coverage(text, rows)
        weight = min(coverage.share, _MAX_TITLE_WEIGHT)
        cosine = _cosines(self.vectors_ND[rows], query_LD)
        score = np.round(weight * coverage.covered_K + (1 - weight) * cosine, _DIGITS)
        return rows[np.lexsort((rows, -score, ~np.isin(rows, exact)))]

    def _hits(self, rows: Rows, scores: NDArray[np.float64]) -> list[Hit]:
        if not len(rows):
            return []
        facts = self.facts.select(_SHOWN).take(pa.array(rows)).to_pylist()
        return [Hit(score=float(score), **row) for row, score in zip(facts, scores, strict=True)]

    def _checked_relevance(self, relevance: ArrayLike) -> NDArray[np.float32]:
        relevance_LR = np.atleast_2d(np.asarray(relevance, np.float32))
        dimension = None if self.relevance_NR is None else self.relevance_NR.shape[1]
        if relevance_LR.shape[1] != dimension:
            raise EmbeddingContractError(
                f"index {self.version.table} has relevance vectors of {dimension} dimensions, the query's "
                f"shape is {relevance_LR.shape}; ask with the encoder of contract "
                f"{self.version.contract_digest[:12]}"
            )
        if not np.isfinite(relevance_LR).all():
            raise QueryError("the query's relevance vector is not finite; expected a unit vector")
        return relevance_LR

    def _check(self, vectors: NDArray[np.float32], k: int) -> None:
        dimension = self.vectors_ND.shape[1]
        if vectors.ndim != 2 or vectors.shape[1] != dimension:
            raise EmbeddingContractError(
                f"index {self.version.table} has vectors of {dimension} dimensions, the query's shape is "
                f"{vectors.shape}; ask with the encoder of contract {self.version.contract_digest[:12]}"
            )
        if not np.isfinite(vectors).all():
            raise QueryError("the query's vector is not finite; expected a unit vector")
        self._check_k(k)

    def _check_k(self, k: int) -> None:
        if k < 1:
            raise QueryError(f"k: expected at least 1, got {k}")


def _cosines(vectors_KD: NDArray[Any], query_LD: NDArray[np.float32]) -> NDArray[np.float64]:
    """Of each vector with the nearest look."""
    cosine_KL = vectors_KD.astype(np.float64) @ query_LD.T.astype(np.float64)
    return np.round(cosine_KL.max(axis=1), _DIGITS)


def _shared(
    previous: IndexReader | None, version: IndexVersion, facts: pa.Table, vectors_ND: NDArray[np.float32]
) -> Searcher | None:
    """The previous reader's graphs for this version's rows; None where that is not possible or worth it."""
    if previous is None or previous.version.contract_digest != version.contract_digest:
        return None
    if not isinstance(previous.searcher, GraphSearcher):
        return None
    new_row = {item_id: row for row, item_id in enumerate(facts["item_id"].to_pylist())}
    new_rows = np.array([new_row.get(item_id, -1) for item_id in previous.item_ids], np.int64)
    is_same = (new_rows >= 0) & (vectors_ND[new_rows] == previous.vectors_ND).all(axis=1)
    row_of_old = np.full(len(previous.searcher), -1)
    row_of_old[: len(new_rows)] = np.where(is_same, new_rows, -1)
    searcher = previous.searcher.moved(vectors_ND, row_of_old)
    if searcher is not None:
        log.info(
            "index %s: shares the graph of %s, %s",
            version.table,
            previous.version.table,
            searcher.description,
        )
    return searcher
