"""The examination of an index before anybody may see it: complete, sound, and finding what it should.

Q = queries, N = items, D = embedding
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from atelier.errors import IndexRejected
from atelier.index.pictures import UNIT_TOLERANCE
from atelier.index.query import IndexReader
from atelier.index.schema import IndexVersion
from atelier.index.store import VERIFIED, open_version

if TYPE_CHECKING:
    from lancedb.table import Table

    from atelier.settings import Settings

_K = 10
_TIE = 1e-5
"""An item is among the true nearest when it scores no worse than the last of them, but for this rounding."""
_NOISE = 0.5
"""Length of the random vector that is added to an item to make a query: near items, not one of them."""


@dataclass(frozen=True)
class Bars:
    """What an index must reach to be published."""

    min_recall: float = 0.99
    """Share of the true ten nearest that the reader finds."""
    min_approximate_recall: float = 0.8
    """The same for the table's own approximate index, where it has one."""
    max_p95_seconds: float = 0.25
    """95th percentile of one search in memory."""
    min_self_recall: float = 0.95
    """Share of a category's items that are found by their own vector: a collapsed category fails here."""
    min_category_rows: int = 10
    """Categories of fewer items are not held to `min_self_recall`."""
    num_queries: int = 256
    """Items drawn for recall and latency."""
    num_of_category: int = 32
    """Items drawn of each category."""
    seed: int = 0


DEFAULT_BARS = Bars()


@dataclass(frozen=True)
class Verification:
    """What was measured of an index that passed; it travels in the manifest of the release."""

    rows: int
    num_categories: int
    num_queries: int
    recall_at_10: float
    """Of the reader that serves, against exact search."""
    approximate_recall_at_10: float | None
    """Of the table's approximate index; None where it has none."""
    search_p95_seconds: float
    worst_category: str | None
    """The category, of those large enough, whose items find themselves least often."""
    worst_self_recall: float | None


def verify(
    settings: Settings, version: IndexVersion, category_counts: Mapping[str, int], bars: Bars = DEFAULT_BARS
) -> Verification:
    """Examine a built index against the catalogue it was built from, and mark it as fit to go live.

    `category_counts`: items with a picture in the catalogue, for each category. Takes seconds.
    IndexRejected names everything that failed; the version stays unmarked, so that no release can take it.
    CatalogueIndexError: it cannot be opened, or carries another contract or number of rows than `version`.
    """
    reader = IndexReader.open(settings, version)
    table = open_version(settings, version)
    _refuse(version, _unsound(reader, category_counts))
    verification = _measure(reader, table, bars)
    _refuse(version, _below(verification, bars))
    mark = table.tags.update if VERIFIED in table.tags.list() else table.tags.create
    mark(VERIFIED, version.version)
    return verification


def _unsound(reader: IndexReader, category_counts: Mapping[str, int]) -> list[str]:
    """What is wrong with the rows themselves."""
    failures = []
    expected = sum(category_counts.values())
    if len(reader) != expected:
        failures.append(f"{len(reader):,} rows, expected the catalogue's {expected:,}")
    num_ids = len(set(reader.item_ids))
    if num_ids != len(reader):
        failures.append(f"{len(reader) - num_ids:,} item ids occur twice")
    counts = Counter(reader.facts["category"].to_pylist())
    uneven = sorted(
        name for name in {*counts, *category_counts} if counts[name] != category_counts.get(name, 0)
    )
    if uneven:
        first = uneven[0]
        failures.append(
            f"{len(uneven)} categories have other counts than the catalogue, such as {first!r} with "
            f"{counts[first]:,} rows, expected {category_counts.get(first, 0):,}"
        )
    length = np.linalg.norm(reader.vectors_ND, axis=1)
    wrong = np.flatnonzero(~(np.abs(length - 1) <= UNIT_TOLERANCE))  # written so that NaN counts as wrong
    if len(wrong):
        failures.append(
            f"{len(wrong):,} vectors are not of length 1, such as that of item "
            f"{reader.item_ids[wrong[0]]!r} with {length[wrong[0]]:.4g}"
        )
    return failures


def _measure(reader: IndexReader, table: Table, bars: Bars) -> Verification:
    random = np.random.default_rng(bars.seed)
    queries = _queries(reader, random, bars.num_queries)
    started, found = [], []
    for query in queries:
        started.append(time.perf_counter())
        found.append([hit.item_id for hit in reader.search(query, _K)])
    seconds = np.diff([*started, time.perf_counter()])
    worst_category, worst_self_recall = _worst_self_recall(reader, random, bars)
    return Verification(
        rows=len(reader),
        num_categories=len(reader.categories),
        num_queries=len(queries),
        recall_at_10=_recall(reader, queries, found),
        approximate_recall_at_10=(
            _recall(reader, queries, [_search_table(table, query) for query in queries])
            if reader.version.search != "flat"
            else None
        ),
        search_p95_seconds=float(np.percentile(seconds, 95)),
        worst_category=worst_category,
        worst_self_recall=worst_self_recall,
    )


def _queries(reader: IndexReader, random: np.random.Generator, num: int) -> NDArray[np.float32]:
    """Unit vectors [Q, D] in the neighbourhood of random items."""
    rows = random.choice(len(reader), min(num, len(reader)), replace=False)
    noise = random.standard_normal((len(rows), reader.vectors_ND.shape[1]))
    moved = reader.vectors_ND[rows] + _NOISE * noise / np.linalg.norm(noise, axis=1, keepdims=True)
    return (moved / np.linalg.norm(moved, axis=1, keepdims=True)).astype(np.float32)


def _recall(reader: IndexReader, queries: NDArray[np.float32], found: list[list[str]]) -> float:
    """Mean share of the true ten nearest among the found ones, by every score of every query."""
    row_of = {item_id: row for row, item_id in enumerate(reader.item_ids)}
    k = min(_K, len(reader))
    shares = []
    for query, ids in zip(queries, found, strict=True):
        scores_N = reader.vectors_ND @ query
        kth = np.partition(scores_N, -k)[-k]
        shares.append(sum(scores_N[row_of[item_id]] >= kth - _TIE for item_id in set(ids)) / k)
    return float(np.mean(shares))


def _search_table(table: Table, query: NDArray[np.float32]) -> list[str]:
    search = table.search(query).distance_type("cosine").nprobes(64).refine_factor(10).limit(_K)
    found: list[str] = search.select(["item_id", "_distance"]).to_arrow()["item_id"].to_pylist()
    return found


def _worst_self_recall(
    reader: IndexReader, random: np.random.Generator, bars: Bars
) -> tuple[str | None, float | None]:
    """An item finds itself when its own picture, or one of the same product, is among its ten nearest."""
    category = np.array(reader.facts["category"].to_pylist())
    pictures, groups = (reader.facts[name].to_pylist() for name in ("picture_sha256", "duplicate_group"))
    look_of = dict(zip(reader.item_ids, zip(pictures, groups, strict=True), strict=True))
    recalls = {}
    for name, count in Counter(category.tolist()).items():
        if count < bars.min_category_rows:
            continue
        rows = random.permutation(np.flatnonzero(category == name))[: bars.num_of_category]
        answers = reader.search_batch(reader.vectors_ND[rows], _K)
        recalls[name] = np.mean(
            [
                any(_same_look(look_of[reader.item_ids[row]], look_of[hit.item_id]) for hit in hits)
                for row, hits in zip(rows, answers, strict=True)
            ]
        )
    if not recalls:
        return None, None
    worst = min(sorted(recalls), key=lambda name: recalls[name])
    return worst, float(recalls[worst])


def _same_look(one: tuple[str, str | None], other: tuple[str, str | None]) -> bool:
    return one[0] == other[0] or (one[1] is not None and one[1] == other[1])


def _below(verification: Verification, bars: Bars) -> list[str]:
    """Which bars were missed."""
    failures = []
    if verification.recall_at_10 < bars.min_recall:
        failures.append(f"recall_at_10 {verification.recall_at_10:.3f}, expected at least {bars.min_recall}")
    approximate = verification.approximate_recall_at_10
    if approximate is not None and approximate < bars.min_approximate_recall:
        failures.append(
            f"recall_at_10 of the table {approximate:.3f}, expected at least {bars.min_approximate_recall}"
        )
    if verification.search_p95_seconds > bars.max_p95_seconds:
        failures.append(
            f"95 % of searches took {verification.search_p95_seconds:.3f} s, "
            f"expected at most {bars.max_p95_seconds} s"
        )
    self_recall = verification.worst_self_recall
    if self_recall is not None and self_recall < bars.min_self_recall:
        failures.append(
            f"only {self_recall:.0%} of {verification.worst_category!r} are found by their own picture, "
            f"expected at least {bars.min_self_recall:.0%}"
        )
    return failures


def _refuse(version: IndexVersion, failures: list[str]) -> None:
    if failures:
        raise IndexRejected(
            f"index {version.table} is not fit to go live: {'; '.join(failures)}. What is live stays live; "
            f"look at the model and the catalogue of data version {version.data_version[:12]}."
        )
