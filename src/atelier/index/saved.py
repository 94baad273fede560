"""A searcher for a catalogue: chosen by its size, calibrated, kept as a file of a release, and loaded again.

Q = queries, N = rows, D = embedding
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from atelier.errors import CatalogueIndexError, DigestError
from atelier.index.graph import Graph, Library, build_graph, load_graph, usable_library
from atelier.index.graph_searcher import CALIBRATED_K, GraphSearcher
from atelier.index.searcher import ExactSearcher, Searcher

GRAPH_FROM = 50_000
"""Rows from which a graph answers. Below, the product takes less than the rest of a request."""
TARGET_RECALL = 0.995
"""Recall at 10 that a graph's `ef` is chosen for, so that 0.99 holds on other queries too."""
MIN_REACH_RECALL = 0.985
"""Recall of as many neighbours as a graph may be asked for under a filter."""
_REACHES = (20, 40, 80, 160, 320, 640)
_NUM_REACH_QUERIES = 64
_EFS = (16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512)
_NUM_QUERIES = 256
_NOISE = 0.5
"""Length of the random vector that is added to a row to make a query: near rows, not one of them."""
_TIE = 1e-5
_PREFIX = "searcher."

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SavedSearcher:
    """A file that `save` wrote, and the digest that its release's manifest gives it."""

    path: Path
    sha256: str


def make_searcher(
    vectors_ND: NDArray[np.float32],
    *,
    saved: SavedSearcher | None = None,
    threads: int = 1,
    graph_from: int | None = None,
    library: Library | None = None,
) -> Searcher:
    """Choose the searcher for these unit vectors: exact below `graph_from` (`GRAPH_FROM`) rows, a graph
    above.

    The graph is loaded where there is a `saved` one that this processor can run, and built otherwise: about
    a millisecond of processor time a vector, which is four minutes for 200,000. A graph that cannot reach
    `TARGET_RECALL` is not used; the log and `description` say so. DigestError: the file is not the saved one.
    """
    if len(vectors_ND) < (GRAPH_FROM if graph_from is None else graph_from):
        return ExactSearcher(vectors_ND)
    if saved is not None and _runs_here(saved, library):
        graph = load(saved.path, saved.sha256)
    else:
        graph = build_graph(vectors_ND, threads=threads, library=library)
    return calibrated(vectors_ND, graph, threads=threads, library=library)


def calibrated(
    vectors_ND: NDArray[np.float32],
    graph: Graph,
    *,
    threads: int = 1,
    library: Library | None = None,
    target_recall: float = TARGET_RECALL,
) -> Searcher:
    """Set a searcher's `ef` to the smallest that finds `target_recall` of the true ten nearest.

    And whose `reach` is as many neighbours as it finds `MIN_REACH_RECALL` of, at a width in proportion.
    Measured with queries near random rows. A graph of other vectors than these fails it too.
    """
    queries_QD = _queries(vectors_ND)
    kth_Q = np.array([np.partition(row, -CALIBRATED_K)[-CALIBRATED_K] for row in queries_QD @ vectors_ND.T])
    recall = 0.0
    for ef in _EFS:
        recall = _recall(graph, CALIBRATED_K, ef, vectors_ND, queries_QD, kth_Q)
        if recall >= target_recall:
            reach = _reach(graph, ef, vectors_ND, queries_QD[:_NUM_REACH_QUERIES])
            searcher = GraphSearcher(vectors_ND, graph, ef=ef, reach=reach, threads=threads, library=library)
            log.info("searcher: %s, recall at 10 %.4f", searcher.description, recall)
            return searcher
    log.warning(
        "the %s graph of %d rows finds only %.3f of the nearest even with ef %d (expected %.3f): every row "
        "is looked at instead, which is slow",
        *(graph.library, len(graph), recall, _EFS[-1], target_recall),
    )
    return ExactSearcher(vectors_ND)


def save(searcher: Searcher, folder: Path) -> Path | None:
    """Write the graph of a searcher that was not changed since; None: it has none. Returns its path."""
    if not isinstance(searcher, GraphSearcher):
        return None
    graphs = searcher.graphs
    if len(graphs) != 1 or len(graphs[0]) != len(searcher):
        raise CatalogueIndexError(
            f"only a searcher of one graph over all rows can be saved, this one is {searcher.description}"
        )
    path = folder / f"{_PREFIX}{graphs[0].library}"
    graphs[0].save(path)
    return path


def load(path: Path, sha256: str) -> Graph:
    """Read a graph back. DigestError: the file is not the one that was saved."""
    with path.open("rb") as file:
        seen = hashlib.file_digest(file, "sha256").hexdigest()
    if seen != sha256:
        raise DigestError(
            f"{path}: expected sha256 {sha256[:16]}, seen {seen[:16]}. Roll back to another release, or "
            f"publish anew."
        )
    return load_graph(path)


FOLDER = "index"
"""Where a release has it."""


def saved_in(folder: Path, files: Mapping[str, str]) -> SavedSearcher | None:
    """Find the searcher among `files` (name -> sha256), which lie in `folder`; None: there is none."""
    for name, sha256 in files.items():
        if name.startswith(_PREFIX):
            return SavedSearcher(folder / name, sha256)
    return None


def saved_among(paths: Mapping[str, Path]) -> SavedSearcher | None:
    """Find the searcher among files (name -> path) that were just written; None: there is none."""
    for name, path in paths.items():
        if name.startswith(_PREFIX):
            with path.open("rb") as file:
                return SavedSearcher(path, hashlib.file_digest(file, "sha256").hexdigest())
    return None


def _runs_here(saved: SavedSearcher, library: Library | None) -> bool:
    wanted = library or usable_library()
    runs = saved.path.suffix == ".faiss" or wanted == "symphonyqg"
    if not runs:
        log.warning("%s cannot be used on this processor: a graph of %s is built", saved.path.name, wanted)
    return runs


def _queries(vectors_ND: NDArray[np.float32]) -> NDArray[np.float32]:
    """Unit vectors [Q, D] in the neighbourhood of random rows."""
    random = np.random.default_rng(0)
    rows = random.choice(len(vectors_ND), min(_NUM_QUERIES, len(vectors_ND)), replace=False)
    noise = random.standard_normal((len(rows), vectors_ND.shape[1]), np.float32)
    moved = vectors_ND[rows] + _NOISE * noise / np.linalg.norm(noise, axis=1, keepdims=True)
    return moved / np.linalg.norm(moved, axis=1, keepdims=True)


def _reach(graph: Graph, ef: int, vectors_ND: NDArray[np.float32], queries_QD: NDArray[np.float32]) -> int:
    """The largest number of neighbours that the graph finds nearly all of."""
    reach = CALIBRATED_K
    scores_QN = queries_QD @ vectors_ND.T
    for k in _REACHES:
        width = ef * k // CALIBRATED_K
        if 2 * width > len(vectors_ND):
            break
        kth_Q = np.partition(scores_QN, -k, axis=1)[:, -k]
        if _recall(graph, k, width, vectors_ND, queries_QD, kth_Q) < MIN_REACH_RECALL:
            break
        reach = k
    return reach


def _recall(
    graph: Graph,
    k: int,
    ef: int,
    vectors_ND: NDArray[np.float32],
    queries_QD: NDArray[np.float32],
    kth_Q: NDArray[np.float32],
) -> float:
    """By the true cosines of the found rows: a graph of other vectors cannot claim them."""
    hits = [
        np.count_nonzero(vectors_ND[graph.search(query_D, k, ef)[0]] @ query_D >= kth - _TIE)
        for query_D, kth in zip(queries_QD, kth_Q, strict=True)
    ]
    return float(np.sum(hits)) / (k * len(queries_QD))
