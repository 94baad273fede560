"""Graphs over unit vectors: SymphonyQG where the processor can run it, FAISS's HNSW elsewhere.

A graph is built whole and never changes; additions and deletions are the business of `searcher`.

N = vectors, D = embedding, E = ef, the number of candidates that a search keeps
"""

from __future__ import annotations

import logging
import platform
import threading
from collections.abc import Collection
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from atelier.errors import CatalogueIndexError

Library = Literal["symphonyqg", "faiss"]
Rows = NDArray[np.integer[Any]]
Neighbours = tuple[Rows, NDArray[np.float32]]
"""Rows and their cosines, best first."""

DEGREE = 32
"""Edges of a SymphonyQG vertex: the fastest at recall 0.99 of 32, 64 and 96, and the smallest."""
_INITIALIZATION = "random"
"""Three passes from random edges: twice the time of the library's default, for a tenth more searches."""
_EF_CONSTRUCTION = 200
_MIN_DIMENSION = 64
"""Of SymphonyQG's rotation; vectors of fewer dimensions go to FAISS on any processor."""
_HNSW_DEGREE = 32
_HNSW_EF_CONSTRUCTION = 80
_X86 = {"x86_64", "AMD64"}
_X86_NEEDS = {"avx2", "fma"}
"""What rabitqlib's wheels ask of an x86 processor. AVX-512 is used where it is there; ARM has NEON always."""

log = logging.getLogger(__name__)


class Graph(Protocol):
    """One immutable graph. Safe to share by threads."""

    @property
    def library(self) -> Library:
        """Name of the library that built it; also the ending of its file."""
        ...

    def __len__(self) -> int: ...

    @property
    def dimension(self) -> int: ...

    def search(self, query_D: NDArray[np.float32], k: int, ef: int) -> Neighbours:
        """Find about k nearest of a contiguous query, fewer where the graph cannot reach k; ef at least k."""
        ...

    def save(self, path: Path) -> None: ...


def build_graph(vectors_ND: NDArray[np.float32], *, threads: int, library: Library | None = None) -> Graph:
    """Build a graph of more than `DEGREE` unit vectors [N, D], with the best library that runs here."""
    vectors_ND = np.ascontiguousarray(vectors_ND, np.float32)
    if library is None:
        library = usable_library() if vectors_ND.shape[1] >= _MIN_DIMENSION else "faiss"
    if library == "symphonyqg":
        return SymphonyGraph.build(vectors_ND, threads)
    return FaissGraph.build(vectors_ND, threads)


def load_graph(path: Path) -> Graph:
    """Read a graph that `Graph.save` wrote. CatalogueIndexError: not a graph, or not for this processor.

    Check the file's digest first: a file of another origin is not told from a sound one here.
    """
    if path.suffix == ".symphonyqg" and usable_library() != "symphonyqg":
        raise CatalogueIndexError(
            f"{path.name} needs a processor with {' and '.join(sorted(_X86_NEEDS))}; this one has not"
        )
    try:
        return (SymphonyGraph if path.suffix == ".symphonyqg" else FaissGraph).load(path)
    except (RuntimeError, ValueError) as error:
        raise CatalogueIndexError(f"{path}: expected a graph of a searcher, seen: {error}") from error


def usable_library(machine: str | None = None, flags: Collection[str] | None = None) -> Library:
    """Choose the fastest library that this processor runs; logs when it is not the first choice.

    Asked before rabitqlib is imported: it comes in on an x86 processor without AVX2, and refuses to build.
    """
    machine = machine or platform.machine()
    if machine in _X86:
        missing = _X86_NEEDS - set(processor_flags() if flags is None else flags)
        if missing:
            log.warning(
                "this processor has no %s, which SymphonyQG needs: FAISS's HNSW searches instead, at about a "
                "sixth of the speed",
                " and no ".join(sorted(missing)),
            )
            return "faiss"
    return "symphonyqg"


def processor_flags(path: Path = Path("/proc/cpuinfo")) -> set[str]:
    """Read the instruction sets that the kernel lists; empty where it lists none (not Linux)."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return set()
    return next((set(line.partition(":")[2].split()) for line in lines if line.startswith("flags")), set())


class SymphonyGraph:
    """SymphonyQG (Gou et al., SIGMOD 2025, https://doi.org/10.1145/3709730), by its authors' library."""

    library: Library = "symphonyqg"

    def __init__(self, index: Any) -> None:
        """Use `build_graph` or `load_graph`."""
        self._index = index
        # The library keeps `ef` in the index and searches without Python's lock: two searches with different
        # widths would take each other's. One search lasts some 25 microseconds.
        self._lock = threading.Lock()

    @classmethod
    def build(cls, vectors_ND: NDArray[np.float32], threads: int) -> SymphonyGraph:
        from rabitqlib import SymqgIndex

        index = SymqgIndex(vectors_ND.shape[1], DEGREE, "ip")
        index.build(vectors_ND, _EF_CONSTRUCTION, threads, _INITIALIZATION)
        return cls(index)

    @classmethod
    def load(cls, path: Path) -> SymphonyGraph:
        from rabitqlib import SymqgIndex

        return cls(SymqgIndex.load(str(path)))

    def __len__(self) -> int:
        return int(self._index.num_points)

    @property
    def dimension(self) -> int:
        return int(self._index.dim)

    def search(self, query_D: NDArray[np.float32], k: int, ef: int) -> Neighbours:
        try:
            with self._lock:
                ids_1K, distances_1K = self._index.search(query_D[None], k, ef)
        except RuntimeError:  # "could not produce k results": duplicates can cut a graph into pieces
            return np.empty(0, np.int64), np.empty(0, np.float32)
        return ids_1K[0], 1 - distances_1K[0]

    def save(self, path: Path) -> None:
        self._index.save(str(path))


class FaissGraph:
    """HNSW (Malkov and Yashunin, https://arxiv.org/abs/1603.09320) by FAISS: for any processor."""

    library: Library = "faiss"

    def __init__(self, index: Any) -> None:
        """Use `build_graph` or `load_graph`."""
        import faiss

        self._index = index
        self._parameters = faiss.SearchParametersHNSW  # type: ignore[attr-defined]  # its stubs lack it

    @classmethod
    def build(cls, vectors_ND: NDArray[np.float32], threads: int) -> FaissGraph:
        import faiss

        index = faiss.IndexHNSWFlat(vectors_ND.shape[1], _HNSW_DEGREE, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = _HNSW_EF_CONSTRUCTION
        before = faiss.omp_get_max_threads()
        faiss.omp_set_num_threads(threads)
        try:
            index.add(vectors_ND)
        finally:
            faiss.omp_set_num_threads(before)
        return cls(index)

    @classmethod
    def load(cls, path: Path) -> FaissGraph:
        import faiss

        return cls(faiss.read_index(str(path)))

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimension(self) -> int:
        return int(self._index.d)

    def search(self, query_D: NDArray[np.float32], k: int, ef: int) -> Neighbours:
        scores_1K, ids_1K = self._index.search(query_D[None], k, params=self._parameters(efSearch=ef))
        found = int(np.searchsorted(ids_1K[0] < 0, True))  # FAISS fills up with -1
        return ids_1K[0, :found], scores_1K[0, :found]

    def save(self, path: Path) -> None:
        import faiss

        faiss.write_index(self._index, str(path))
