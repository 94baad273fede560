"""Verifies an index before it is released: complete, sound, and with sufficient recall.

Every row is looked at each time, by column. Searches cost more: of an index that differs little from one that
passed, they are asked about what changed, and in small samples everywhere else.

Q = queries, N = items, D = embedding
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from atelier.errors import IndexRejected
from atelier.index.pictures import UNIT_TOLERANCE
from atelier.index.query import IndexReader
from atelier.index.saved import SavedSearcher
from atelier.index.schema import IndexVersion
from atelier.index.states import verified, verified_tag
from atelier.index.store import contract_of, matrix_of, open_version

if TYPE_CHECKING:
    from lancedb.table import Table

    from atelier.settings import Settings

_K = 10
_TIE = 1e-5
"""An item is among the true nearest when it scores no worse than the last of them, but for this rounding."""
_SCORES_AT_ONCE = 8_000_000
_NOISE = 0.5
"""Length of the random vector that is added to an item to make a query: near items, not one of them."""


@dataclass(frozen=True)
class Bars:
    """The minimum figures of an index that may be released."""

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
    """Items drawn of each category; changed ones first."""
    num_queries_of_change: int = 64
    """Items drawn for recall and latency where only changes are examined, half of them changed ones."""
    num_of_unchanged: int = 2
    """Items drawn of each category besides its changed ones, where only changes are examined."""
    seed: int = 0


DEFAULT_BARS = Bars()


@dataclass(frozen=True)
class Verification:
    """The measured figures of an index that passed; stored in the manifest of the release."""

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
    num_changed: int | None = None
    """Rows that were new or changed, where only these were examined; None where everything was."""


def verify(
    settings: Settings,
    version: IndexVersion,
    category_counts: Mapping[str, int],
    bars: Bars = DEFAULT_BARS,
    *,
    changed: Collection[str] | None = None,
    saved: SavedSearcher | None = None,
) -> Verification:
    """Examine a built index against the catalogue it was built from, and mark it as fit to go live.

    `category_counts`: items with a picture in the catalogue, for each category. `changed`: the ids of items
    whose rows are not those of an index that passed (`Build.changes.upserted`), so that searches are asked
    about them; None: about everything, which takes seconds. `saved`: the graph that the release will carry.
    IndexRejected names everything that failed; the version stays unmarked, so that no release can take it.
    CatalogueIndexError: it cannot be opened, or carries another contract or number of rows than `version`.
    """
    reader = IndexReader.open(settings, version, saved=saved)
    table = open_version(settings, version)
    _refuse(version, [*_unsound(reader, category_counts), *_unsound_relevance(table)])
    verification = _measure(reader, table, bars, changed)
    _refuse(version, _below(verification, bars))
    if version.version not in verified(table.to_lance()):
        table.tags.create(verified_tag(version.version), version.version)
    return verification


def _unsound(reader: IndexReader, category_counts: Mapping[str, int]) -> list[str]:
    """What is wrong with the rows themselves."""
    failures = []
    expected = sum(category_counts.values())
    if len(reader) != expected:
        failures.append(f"{len(reader):,} rows, expected the catalogue's {expected:,}")
    num_ids = pc.count_distinct(reader.facts["item_id"]).as_py()
    if num_ids != len(reader):
        failures.append(f"{len(reader) - num_ids:,} item ids occur twice")
    counts = _counts(reader.facts["category"])
    uneven = sorted(
        name for name in {*counts, *category_counts} if counts.get(name, 0) != category_counts.get(name, 0)
    )
    if uneven:
        first = uneven[0]
        failures.append(
            f"{len(uneven)} categories have other counts than the catalogue, such as {first!r} with "
            f"{counts.get(first, 0):,} rows, expected {category_counts.get(first, 0):,}"
        )
    return failures + _not_unit(reader.vectors_ND, reader.item_ids, "vectors")


def _unsound_relevance(table: Table) -> list[str]:
    """The same for the second vectors, where there are any."""
    dimension = contract_of(table).relevance_dimension
    if not dimension:
        return []
    rows = table.to_lance().to_table(columns=["item_id", "relevance"])
    vectors = matrix_of(rows["relevance"], dimension).astype(np.float32)
    return _not_unit(vectors, rows["item_id"].to_pylist(), "relevance vectors")


def _not_unit(vectors: NDArray[np.float32], item_ids: list[str], name: str) -> list[str]:
    length = np.linalg.norm(vectors, axis=1)
    wrong = np.flatnonzero(~(np.abs(length - 1) <= UNIT_TOLERANCE))  # written so that NaN counts as wrong
    if not len(wrong):
        return []
    return [
        f"{len(wrong):,} {name} are not of length 1, such as that of item "
        f"{item_ids[wrong[0]]!r} with {length[wrong[0]]:.4g}"
    ]


def _measure(reader: IndexReader, table: Table, bars: Bars, changed: Collection[str] | None) -> Verification:
    random = np.random.default_rng(bars.seed)
    ids = reader.facts["item_id"]
    is_changed = None if changed is None else _is_one_of(ids, changed)
    queries = _queries(reader, random, _drawn(random, is_changed, len(reader), bars))
    started, found = [], []
    for query in queries:
        started.append(time.perf_counter())
        found.append([hit.item_id for hit in reader.search(query, _K)])
    seconds = np.diff([*started, time.perf_counter()])
    worst_category, worst_self_recall = _worst_self_recall(reader, random, bars, is_changed)
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
        num_changed=None if is_changed is None else int(is_changed.sum()),
    )


def _drawn(
    random: np.random.Generator, is_changed: NDArray[np.bool_] | None, num_rows: int, bars: Bars
) -> NDArray[np.int64]:
    """Rows to make queries of: random ones, or changed ones first and random ones for the rest."""
    if is_changed is None:
        return random.choice(num_rows, min(bars.num_queries, num_rows), replace=False)
    num = min(bars.num_queries_of_change, num_rows)
    some_changed = random.permutation(np.flatnonzero(is_changed))[: num // 2]
    others = np.setdiff1d(random.choice(num_rows, num, replace=False), some_changed)
    return np.concatenate([some_changed, random.permutation(others)])[:num]


def _queries(
    reader: IndexReader, random: np.random.Generator, rows: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Unit vectors [Q, D] in the neighbourhood of items."""
    noise = random.standard_normal((len(rows), reader.vectors_ND.shape[1]))
    moved = reader.vectors_ND[rows] + _NOISE * noise / np.linalg.norm(noise, axis=1, keepdims=True)
    return (moved / np.linalg.norm(moved, axis=1, keepdims=True)).astype(np.float32)


def _recall(reader: IndexReader, queries: NDArray[np.float32], found: list[list[str]]) -> float:
    """Mean share of the true ten nearest among the found ones, by every score of every query."""
    row_of = {item_id: row for row, item_id in enumerate(reader.item_ids)}
    k = min(_K, len(reader))
    step = max(1, _SCORES_AT_ONCE // len(reader))
    shares = []
    for start in range(0, len(queries), step):
        scores_QN = queries[start : start + step] @ reader.vectors_ND.T
        for scores_N, ids in zip(scores_QN, found[start : start + step], strict=True):
            kth = np.partition(scores_N, -k)[-k]
            shares.append(sum(scores_N[row_of[item_id]] >= kth - _TIE for item_id in set(ids)) / k)
    return float(np.mean(shares))


def _search_table(table: Table, query: NDArray[np.float32]) -> list[str]:
    search = table.search(query).distance_type("cosine").nprobes(64).refine_factor(10).limit(_K)
    found: list[str] = search.select(["item_id", "_distance"]).to_arrow()["item_id"].to_pylist()
    return found


def _worst_self_recall(
    reader: IndexReader, random: np.random.Generator, bars: Bars, is_changed: NDArray[np.bool_] | None
) -> tuple[str | None, float | None]:
    """An item finds itself when its own picture, or one of the same product, is among its ten nearest.

    Where only changes are examined, a category with no miss among its changed items and a few others passes;
    one miss, and its whole sample decides.
    """
    drawn = {name: random.permutation(rows) for name, rows in _by_category(reader, bars.min_category_rows)}
    whole = {name: rows[: bars.num_of_category] for name, rows in drawn.items()}
    if is_changed is None:
        recalls = _self_recalls(reader, whole)
    else:
        drawn = {name: rows[np.argsort(~is_changed[rows], kind="stable")] for name, rows in drawn.items()}
        whole = {name: rows[: bars.num_of_category] for name, rows in drawn.items()}
        spots = {
            name: rows[: int(is_changed[rows].sum()) + bars.num_of_unchanged] for name, rows in whole.items()
        }
        recalls = _self_recalls(reader, spots)
        recalls |= _self_recalls(reader, {name: whole[name] for name in recalls if recalls[name] < 1})
    if not recalls:
        return None, None
    worst = min(sorted(recalls), key=lambda name: recalls[name])
    return worst, recalls[worst]


def _by_category(reader: IndexReader, min_rows: int) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Name and rows of every category that is large enough."""
    names = reader.facts["category"].combine_chunks().dictionary_encode()
    numbers = names.indices.to_numpy()
    order = np.argsort(numbers, kind="stable")
    starts = np.searchsorted(numbers[order], np.arange(len(names.dictionary) + 1))
    for number, name in enumerate(names.dictionary.to_pylist()):
        rows = order[starts[number] : starts[number + 1]]
        if len(rows) >= min_rows:
            yield name, rows


def _self_recalls(reader: IndexReader, rows_of: Mapping[str, NDArray[np.int64]]) -> dict[str, float]:
    """For each category the share of these rows that are found by their own vector."""
    if not rows_of:
        return {}
    rows = np.concatenate(list(rows_of.values()))
    answers = reader.search_batch(reader.vectors_ND[rows], _K)
    found = sorted({hit.item_id for hits in answers for hit in hits})
    positions = pc.index_in(pa.array(found, pa.string()), value_set=reader.facts["item_id"].combine_chunks())
    look_of = dict(zip(found, _looks(reader, positions), strict=True))
    is_found = [
        any(_same_look(look, look_of[hit.item_id]) for hit in hits)
        for look, hits in zip(_looks(reader, pa.array(rows)), answers, strict=True)
    ]
    ends = np.cumsum([len(each) for each in rows_of.values()])
    parts = np.split(np.array(is_found), ends[:-1])
    return {name: float(part.mean()) for name, part in zip(rows_of, parts, strict=True)}


def _looks(reader: IndexReader, rows: pa.Array) -> list[tuple[str, str | None]]:
    """Picture and product of each of these rows."""
    columns = reader.facts.select(["picture_sha256", "duplicate_group"]).take(rows).to_pydict()
    return list(zip(columns["picture_sha256"], columns["duplicate_group"], strict=True))


def _same_look(one: tuple[str, str | None], other: tuple[str, str | None]) -> bool:
    return one[0] == other[0] or (one[1] is not None and one[1] == other[1])


def _counts(column: pa.ChunkedArray) -> dict[str, int]:
    counted = pc.value_counts(column)
    return {each["values"]: each["counts"] for each in counted.to_pylist()}


def _is_one_of(column: pa.ChunkedArray, values: Collection[str]) -> NDArray[np.bool_]:
    mask: NDArray[np.bool_] = pc.is_in(column, value_set=pa.array(sorted(values), pa.string())).to_numpy()
    return mask


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
