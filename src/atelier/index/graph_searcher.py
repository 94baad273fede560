"""The fast searcher: graphs for most rows, an exact list for the newest, a mark on the deleted ones.

A graph cannot be changed, so additions and deletions go as in a log-structured merge tree (O'Neil et al.,
1996, https://doi.org/10.1007/s002360050048). New rows are looked at one by one until there are enough of them
for a graph of their own; small graphs are merged into larger ones, without the deleted rows, in a background
thread. Every answer is read off one immutable `_State`; a change makes another one and puts it in place by
one assignment.

Filters cost no recall. A graph is complete only so far from the query: `reach`, in neighbours. Where that
should be enough for k rows that pass, it is asked; where it should not, or turns out not to be, every row
that passes is looked at.

N = rows, D = embedding
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from atelier.errors import CatalogueIndexError
from atelier.index.graph import Graph, Library, Neighbours, Rows, build_graph
from atelier.index.searcher import Selection, scan, top

MIN_GRAPH_ROWS = 128
"""Fewer rows than this make no graph."""
LOOSE_ROWS = 2_048
"""From this many rows outside of any graph on, they get one: looking at them costs about 0.2 ms by then."""
MERGE_FACTOR = 4
"""A graph is merged with what is new when it has at most this many times as many rows."""
CALIBRATED_K = 10
"""The number of neighbours that `ef` is meant for."""
DEAD_SHARE = 0.2
"""A graph of which a larger share was deleted is built anew."""
SCAN_PER_EF = 3
"""Rows that can be looked at in the time in which a graph widens its search by one candidate: measured."""
_OVERFETCH = 1.5
"""So many times more neighbours are asked for than it should take until k of them pass."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Part:
    """One graph."""

    graph: Graph
    rows: Rows | None
    """Which row each of its vectors is; None: vector i is row i. -1: it is no row any more."""
    num_dead: int = 0
    """Of its vectors, those that are deleted or no row any more."""

    def all_rows(self) -> Rows:
        return np.arange(len(self.graph)) if self.rows is None else self.rows[self.rows >= 0]

    def counted(self, alive: Selection | None) -> _Part:
        """Return the part with `num_dead` updated."""
        rows = self.all_rows()
        num_alive = len(rows) if alive is None else int(np.count_nonzero(alive.mask_N[rows]))
        return replace(self, num_dead=len(self.graph) - num_alive)


@dataclass(frozen=True)
class _State:
    """Everything one answer is read off."""

    vectors_ND: NDArray[np.float32]
    parts: tuple[_Part, ...]
    loose_rows: Rows
    """Rows that are in no graph."""
    loose_vectors: NDArray[np.float32]
    alive: Selection | None
    """None while nothing was deleted."""
    only: Graph | None = None
    """The one graph, where it is all there is: the shortest way to an answer."""

    def settled(self) -> _State:
        """Return the state with dead rows counted, and the single-graph path open where there is one."""
        parts = tuple(part.counted(self.alive) for part in self.parts)
        is_plain = len(parts) == 1 and parts[0].rows is None and not parts[0].num_dead
        only = parts[0].graph if is_plain and not len(self.loose_rows) else None
        return replace(self, parts=parts, only=only)

    @property
    def num_stored(self) -> int:
        return sum(len(part.graph) for part in self.parts) + len(self.loose_rows)


class GraphSearcher:
    """Approximate, within the recall that `calibrated` found; changes are visible with the next search."""

    def __init__(
        self,
        vectors_ND: NDArray[np.float32],
        graph: Graph,
        *,
        ef: int,
        reach: int,
        threads: int = 1,
        loose_rows: int = LOOSE_ROWS,
        library: Library | None = None,
    ) -> None:
        """`graph` holds all rows of `vectors_ND`, in this order. `ef`: candidates kept for 10 neighbours.
        `reach`: of how many neighbours the graph finds nearly all, which bounds its use under filters.

        `threads`, `loose_rows` and `library` say how and when changes are built into graphs.
        """
        if (len(graph), graph.dimension) != vectors_ND.shape:
            raise CatalogueIndexError(
                f"a searcher of {vectors_ND.shape[0]:,} vectors of {vectors_ND.shape[1]} dimensions needs a "
                f"graph of them, this one has {len(graph):,} of {graph.dimension}"
            )
        self.ef = ef
        self.reach = reach
        self._threads = threads
        self._loose_rows = loose_rows
        self._library = library
        if loose_rows < MIN_GRAPH_ROWS:
            raise ValueError(f"loose_rows: expected at least {MIN_GRAPH_ROWS}, got {loose_rows}")
        self._change = threading.Lock()
        self._room = vectors_ND
        self._merging: threading.Thread | None = None
        none = np.empty(0, np.int64)
        self._state = _State(vectors_ND, (_Part(graph, None),), none, vectors_ND[none], alive=None).settled()

    @property
    def description(self) -> str:
        state = self._state
        graphs = " and ".join(f"{part.graph.library} of {len(part.graph):,}" for part in state.parts)
        dead = 0 if state.alive is None else len(state.vectors_ND) - state.alive.count
        changes = f"{len(state.loose_rows):,} new, {dead:,} deleted"
        return f"{graphs or 'no graph'}, {changes}, ef {self.ef}, reach {self.reach}"

    def __len__(self) -> int:
        return len(self._state.vectors_ND)

    @property
    def graphs(self) -> tuple[Graph, ...]:
        return tuple(part.graph for part in self._state.parts)

    def search(self, query_D: NDArray[np.float32], k: int, selection: Selection | None = None) -> Neighbours:
        state = self._state
        if selection is None and state.only is not None and k <= len(state.only):
            found = state.only.search(query_D, k, self.ef_for(k))
            if len(found[0]) == k:
                return found
        return self._search(state, query_D, k, selection)

    def search_batch(
        self, queries_QD: NDArray[np.float32], k: int, selection: Selection | None = None
    ) -> list[Neighbours]:
        return [self.search(query_D, k, selection) for query_D in queries_QD]

    def add(self, vectors_MD: NDArray[np.float32]) -> Rows:
        """Add new unit vectors; returns their rows. The next search finds them."""
        with self._change:
            state = self._state
            rows = np.arange(len(state.vectors_ND), len(state.vectors_ND) + len(vectors_MD))
            vectors_MD = np.ascontiguousarray(vectors_MD, np.float32)
            alive = state.alive and Selection(np.append(state.alive.mask_N, np.ones(len(rows), bool)))
            self._state = replace(
                state,
                vectors_ND=self._appended(state.vectors_ND, vectors_MD),
                loose_rows=np.append(state.loose_rows, rows),
                loose_vectors=np.concatenate([state.loose_vectors, vectors_MD]),
                alive=alive,
            ).settled()
        self._merge_if_due()
        return rows

    def remove(self, rows: Sequence[int] | Rows) -> None:
        """Remove these rows from all answers. IndexError: one was removed before, or does not exist."""
        with self._change:
            state = self._state
            mask = np.ones(len(state.vectors_ND), bool) if state.alive is None else state.alive.mask_N.copy()
            rows = np.asarray(rows, np.int64)
            if len(rows) and not (rows.min() >= 0 and rows.max() < len(mask) and mask[rows].all()):
                raise IndexError(f"remove: expected rows that are there, of 0 to {len(mask) - 1}")
            mask[rows] = False
            self._state = replace(state, alive=Selection(mask)).settled()
        self._merge_if_due()

    def moved(self, vectors_ND: NDArray[np.float32], row_of_old: Rows) -> Self | None:
        """Return a searcher of a newer catalogue that shares this one's graphs; None where too little is the
        same.

        `row_of_old[i]` is the new row of old row i, -1 where its vector is gone. This one does not change.
        """
        parts = tuple(_Part(part.graph, _mapped(part, row_of_old)) for part in self._state.parts)
        covered = np.zeros(len(vectors_ND), bool)
        for part in parts:
            covered[part.all_rows()] = True
        loose = np.flatnonzero(~covered)
        if len(loose) > max(self._loose_rows, DEAD_SHARE * len(vectors_ND)):
            return None
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__, _change=threading.Lock(), _merging=None, _room=vectors_ND)
        other._state = _State(vectors_ND, parts, loose, vectors_ND[loose], alive=None).settled()
        other._merge_if_due()
        return other

    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Wait for the background merge, if one is running; False: it still is."""
        merging = self._merging
        if merging is not None:
            merging.join(timeout_seconds)
        return merging is None or not merging.is_alive()

    def ef_for(self, k: int) -> int:
        """Compute the candidates to keep for k neighbours: in proportion, so that the last of many are found
        as well.
        """
        return self.ef if k <= CALIBRATED_K else self.ef * k // CALIBRATED_K

    def _search(
        self, state: _State, query_D: NDArray[np.float32], k: int, selection: Selection | None
    ) -> Neighbours:
        wanted = _both(selection, state.alive)
        if selection is not None:
            assert wanted is not None
            width = k * state.num_stored / max(wanted.count, 1)
            if width > self.reach or wanted.count <= SCAN_PER_EF * self.ef_for(int(width)):
                return scan(state.vectors_ND, wanted.rows, query_D, k)
        found = []
        for part in state.parts:
            if selection is None:
                share = 1 - part.num_dead / len(part.graph)
                found.append(self._search_part(state, part, query_D, k, state.alive, share))
            else:
                assert wanted is not None
                share = wanted.count / state.num_stored
                found.append(self._search_part(state, part, query_D, k, wanted, share))
        if len(state.loose_rows):
            found.append(_search_loose(state, query_D, k, wanted))
        rows, scores = (np.concatenate(each) for each in zip(*found, strict=True))
        return top(scores, k, rows)

    def _search_part(
        self,
        state: _State,
        part: _Part,
        query_D: NDArray[np.float32],
        k: int,
        wanted: Selection | None,
        share: float,
    ) -> Neighbours:
        """Up to k of a graph's rows that are wanted; about this share of its rows is."""
        width = k if wanted is None and part.rows is None else int(_OVERFETCH * k / max(share, 1e-9)) + 1
        if self.ef_for(width) * SCAN_PER_EF < len(part.graph):
            rows, scores = part.graph.search(query_D, width, self.ef_for(width))
            is_whole = len(rows) == width  # otherwise the graph is in pieces
            if wanted is not None:
                rows, scores = rows[: max(k, self.reach)], scores[: max(k, self.reach)]
            rows, scores = _kept(part, wanted, rows, scores)
            if is_whole and len(rows) >= k:
                return rows[:k], scores[:k]
        rows = part.all_rows()
        return scan(state.vectors_ND, rows if wanted is None else rows[wanted.mask_N[rows]], query_D, k)

    def _appended(
        self, vectors_ND: NDArray[np.float32], vectors_MD: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Both, in an array with room for more; older states keep their view of it."""
        num, total = len(vectors_ND), len(vectors_ND) + len(vectors_MD)
        if total > len(self._room):
            self._room = np.empty((total + total // 8, vectors_ND.shape[1]), np.float32)
            self._room[:num] = vectors_ND
        self._room[num:total] = vectors_MD
        return self._room[:total]

    def _merge_if_due(self) -> None:
        with self._change:
            is_running = self._merging is not None and self._merging.is_alive()
            if is_running or _to_merge(self._state, self._loose_rows) is None:
                return
            self._merging = threading.Thread(target=self._merge, name="searcher-merge", daemon=True)
            self._merging.start()

    def _merge(self) -> None:
        """Build what is due into one graph, put it in place of its sources, and look again."""
        while True:
            with self._change:
                before = self._state
                parts = _to_merge(before, self._loose_rows)
                if parts is None:
                    self._merging = None
                    return
            rows = np.concatenate([before.loose_rows, *(part.all_rows() for part in parts)])
            rows = np.sort(rows if before.alive is None else rows[before.alive.mask_N[rows]])
            built: tuple[_Part, ...] = ()
            if len(rows) >= MIN_GRAPH_ROWS:
                vectors = before.vectors_ND[rows]
                graph = build_graph(vectors, threads=self._threads, library=self._library)
                built = (_Part(graph, rows),)
                rows = rows[:0]
            with self._change:
                now = self._state
                new = now.loose_rows[~np.isin(now.loose_rows, before.loose_rows)]
                loose = np.append(rows, new)
                kept = tuple(
                    part for part in now.parts if not any(part.graph is gone.graph for gone in parts)
                )
                self._state = replace(
                    now, parts=kept + built, loose_rows=loose, loose_vectors=now.vectors_ND[loose]
                ).settled()
            log.info("searcher: %s", self.description)


def _both(selection: Selection | None, alive: Selection | None) -> Selection | None:
    if selection is None or alive is None:
        return alive if selection is None else selection
    return Selection(selection.mask_N & alive.mask_N)


def _kept(part: _Part, wanted: Selection | None, ids: Rows, scores: NDArray[np.float32]) -> Neighbours:
    """Of what a graph found, the rows that are wanted and still there."""
    if part.rows is not None:
        ids = part.rows[ids]
        ids, scores = ids[ids >= 0], scores[ids >= 0]
    if wanted is None:
        return ids, scores
    keep = wanted.mask_N[ids]
    return ids[keep], scores[keep]


def _search_loose(
    state: _State, query_D: NDArray[np.float32], k: int, wanted: Selection | None
) -> Neighbours:
    rows, scores = state.loose_rows, state.loose_vectors @ query_D
    if wanted is not None:
        keep = wanted.mask_N[rows]
        rows, scores = rows[keep], scores[keep]
    return top(scores, k, rows)


def _mapped(part: _Part, row_of_old: Rows) -> Rows:
    if part.rows is None:
        return row_of_old[: len(part.graph)]
    return np.where(part.rows < 0, -1, row_of_old[part.rows])


def _to_merge(state: _State, loose_rows: int) -> list[_Part] | None:
    """The graphs to build anew together with the loose rows; None: nothing is due."""
    worn = [part for part in state.parts if part.num_dead > DEAD_SHARE * len(part.graph)]
    if len(state.loose_rows) < loose_rows and not worn:
        return None
    merged, size = list(worn), len(state.loose_rows) + sum(len(part.graph) for part in worn)
    for part in sorted(state.parts, key=lambda part: len(part.graph)):
        if not any(part is each for each in worn) and len(part.graph) <= MERGE_FACTOR * size:
            merged.append(part)
            size += len(part.graph)
    return merged
