"""Puts sets together under rules: search, keep what is allowed, take one of the best, ask the rules again.

Sets in the same state of the context graph are filled together: what may come next is the same for all of
them, a few slices of the pool, so that one matrix product scores it for the whole group.

B = sets of a block, P = pieces of the longest set, G = sets of a group, M = candidates, D = embedding
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from atelier.families.outfit.pool import Floats, Ints, Pool, Shelf
from atelier.families.outfit.questions import Generator
from atelier.rules.graph import State, chosen


@dataclass(frozen=True)
class Assembly:
    """How sets are put together: between the best piece each time and variety."""

    num_candidates: int = 2048
    """Items that are looked at for a piece: another random part of what is allowed for every group."""
    num_best: int = 16
    """Of these, the best that one is drawn from."""
    temperature: float = 0.05
    """Of that draw, in cosines: 0 takes the best."""
    variety: float = 0.0
    """How much a piece is held away from those already in the set, in cosines to their middle."""
    most_uses: int | None = None
    """Sets of one call that an item may stand in, besides those that it begins."""


class Sets(NamedTuple):
    """Finished sets; a set shorter than P ends with -1."""

    items_BP: Ints
    """Numbers of the items, the trigger first."""
    slots_BP: Ints
    """Numbers of the slots they stand in."""


class _Group(NamedTuple):
    """Sets of a block that are in the same state, in one partition."""

    partition: int
    state: State


class Assembler:
    """Makes sets from one pool. Remembers how often it has used each item."""

    def __init__(self, pool: Pool, generator: Generator, assembly: Assembly, seed: int = 0) -> None:
        self.pool, self.generator, self.assembly = pool, generator, assembly
        self.graph = pool.graph
        self.left_R = _uses(pool, assembly.most_uses)
        """How often each item may still be used; None where that is not counted."""
        self._rng = np.random.default_rng(seed)
        self._longest = max(map(len, self.graph.plans))
        self._beginnings: dict[tuple[int, tuple[int, ...]], list[tuple[list[int], State]]] = {}
        self._shelves: dict[_Group, list[Shelf]] = {}
        self._steps: dict[tuple[State, int], State] = {}

    def anew(self, assembly: Assembly, seed: int, most_uses_N: Ints | None = None) -> Assembler:
        """Another that has used nothing yet, with the same pool, generator and all that is known of both.

        `most_uses_N`: a limit for each item of its own instead of the assembly's. Cheap: serving takes one
        for each request. Safe to share by threads; what it gives is not.
        """
        other = copy.copy(self)
        other.assembly, other._rng = assembly, np.random.default_rng(seed)
        other.left_R = _uses(self.pool, assembly.most_uses)
        if most_uses_N is not None:
            other.left_R = most_uses_N[self.pool.item_R]
        return other

    def make(self, triggers: Ints) -> Sets:
        """One set around each trigger item that any set can hold; of the others there is none.

        triggers: items [B], or [B, T] for sets around T items each, all of which stand in the set.
        """
        triggers_BT = triggers if triggers.ndim == 2 else triggers[:, None]
        num, longest = len(triggers_BT), max(self._longest, triggers_BT.shape[1])
        rows_BP = np.full((num, longest), -1, np.int64)
        slots_BP = np.full((num, longest), -1, np.int64)
        dimension = self.pool.vectors_RD.shape[1]
        pieces_BPD = np.zeros((num, longest, dimension), np.float32)
        num_B = np.full(num, triggers_BT.shape[1] - 1, np.int64)
        finished_B = np.zeros(num, dtype=bool)
        groups = self._begin(triggers_BT, rows_BP, slots_BP)
        begun = rows_BP[:, : triggers_BT.shape[1] - 1]
        pieces_BPD[:, : begun.shape[1]] = self.pool.vectors_RD[begun] * (begun >= 0)[..., None]
        while groups:
            placed = np.concatenate(list(groups.values()))
            latest = rows_BP[placed, num_B[placed]]
            pieces_BPD[placed, num_B[placed]] = self.pool.vectors_RD[latest]
            num_B[placed] += 1
            for group, sets in groups.items():
                finished_B[sets] = not group.state.open
            unfinished = {group: sets for group, sets in groups.items() if group.state.open}
            groups = self._place_next(unfinished, pieces_BPD, num_B, rows_BP, slots_BP)
        items_BP = np.where(rows_BP >= 0, self.pool.item_R[rows_BP], -1)
        return Sets(items_BP[finished_B], slots_BP[finished_B])

    def make_many(self, num: int) -> Sets:
        """Sets around random items, each as seldom as can be; fewer where all are used up."""
        made, missing = [self.make(np.zeros((0, 1), np.int64))], num
        while missing:
            rows = self._free(np.arange(len(self.pool)))
            rows = self._rng.choice(rows, min(missing, len(rows)), replace=False)
            if self.left_R is not None:
                self.left_R[rows] -= 1
            sets = self.make(self.pool.item_R[rows])
            if not len(sets.items_BP):
                break
            made.append(sets)
            missing -= len(sets.items_BP)
        return Sets(*(np.concatenate(parts) for parts in zip(*made, strict=True)))

    def _begin(self, triggers_BT: Ints, rows_BP: Ints, slots_BP: Ints) -> dict[_Group, Ints]:
        """Place each set's triggers into a random plan that they can begin."""
        groups: dict[_Group, list[int]] = defaultdict(list)
        num_triggers = triggers_BT.shape[1]
        for number, rows_T in enumerate(self.pool.row_N[triggers_BT]):
            partitions = set(self.pool.partition_R[rows_T].tolist())
            if rows_T.min() < 0 or len(partitions) > 1 or len(set(rows_T.tolist())) < num_triggers:
                continue
            partition = partitions.pop()
            beginnings = self._beginnings_of(partition, tuple(self.pool.class_R[rows_T].tolist()))
            if beginnings:
                slots, state = beginnings[int(self._rng.integers(len(beginnings)))]
                rows_BP[number, :num_triggers], slots_BP[number, :num_triggers] = rows_T, slots
                groups[_Group(partition, state)].append(number)
        return {group: np.array(numbers) for group, numbers in groups.items()}

    def _beginnings_of(self, partition: int, classes: tuple[int, ...]) -> list[tuple[list[int], State]]:
        """The slots that items of these classes can begin a set in, and the states after that."""
        found = self._beginnings.get((partition, classes))
        if found is None:
            graph = self.graph
            reached: list[tuple[list[int], State]] = [
                ([], graph.start(plan, partition)) for plan in range(len(graph.plans))
            ]
            for item_class in classes:
                reached = [
                    step for slots, state in reached for step in self._placements(slots, state, item_class)
                ]
            found = [(slots, state) for slots, state in reached if graph.completable(state)]
            self._beginnings[partition, classes] = found
        return found

    def _placements(
        self, slots: list[int], state: State, item_class: int
    ) -> Iterator[tuple[list[int], State]]:
        """Every way to put an item of a class into an open slot."""
        for cell in np.flatnonzero(self.graph.cells.class_C == item_class):
            slot = int(self.graph.cells.slot_C[cell])
            if slot in state.open and state.mask >> int(cell) & 1:
                yield [*slots, slot], self.graph.place(state, int(cell))

    def _place_next(
        self, groups: dict[_Group, Ints], pieces_BPD: Floats, num_B: Ints, rows_BP: Ints, slots_BP: Ints
    ) -> dict[_Group, Ints]:
        if not groups:
            return {}
        asking = np.concatenate(list(groups.values()))
        queries_BD = np.zeros((len(num_B), pieces_BPD.shape[2]), np.float32)
        queries_BD[asking] = self._queries(pieces_BPD[asking], num_B[asking])
        following: dict[_Group, list[Ints]] = defaultdict(list)
        for group, sets in groups.items():
            slot = group.state.open[0]
            shelves = self._shelves_of(group)
            picked = self._pick_for_all(shelves, queries_BD[sets], rows_BP[sets])
            filled, picked = sets[picked >= 0], picked[picked >= 0]
            rows_BP[filled, num_B[filled]], slots_BP[filled, num_B[filled]] = picked, slot
            for shelf in shelves:
                on_it = filled[(picked >= shelf.first) & (picked < shelf.last)]
                if len(on_it):
                    following[_Group(group.partition, self._step(group.state, shelf.cell))].append(on_it)
        return {group: np.concatenate(parts) for group, parts in following.items()}

    def _queries(self, pieces_BPD: Floats, num_B: Ints) -> Floats:
        queries_BD = self.generator.queries(pieces_BPD, num_B)
        if self.assembly.variety:
            queries_BD = queries_BD - self.assembly.variety * pieces_BPD.sum(1) / num_B[:, None]
        return queries_BD

    def _shelves_of(self, group: _Group) -> list[Shelf]:
        found = self._shelves.get(group)
        if found is None:
            cells = chosen(self.graph.allowed(group.state), self.graph.cells.num_cells)
            shelves = (self.pool.shelf(group.partition, int(cell)) for cell in cells)
            found = self._shelves[group] = [shelf for shelf in shelves if len(shelf)]
        return found

    def _step(self, state: State, cell: int) -> State:
        found = self._steps.get((state, cell))
        if found is None:
            found = self._steps[state, cell] = self.graph.place(state, cell)
        return found

    def _candidates(self, shelves: list[Shelf]) -> Ints:
        """Rows from every shelf, a random stretch of it by its share: shelves stand in random order."""
        total = sum(map(len, shelves))
        parts = []
        for shelf in shelves:
            share = self.assembly.num_candidates * len(shelf) // max(total, 1)
            size = min(len(shelf), max(share, 2 * self.assembly.num_best))
            start = int(self._rng.integers(len(shelf)))
            parts.append(shelf.first + (start + np.arange(size)) % len(shelf))
        rows = np.concatenate(parts)
        free = self._free(rows)
        return free if len(free) else self._unused(shelves)

    def _unused(self, shelves: list[Shelf]) -> Ints:
        """All rows that may still be used: asked where a random part holds none."""
        rows = np.concatenate([np.arange(shelf.first, shelf.last) for shelf in shelves])
        return self._free(rows)

    def _free(self, rows: Ints) -> Ints:
        """Those of some rows that may still be used."""
        return rows if self.left_R is None else rows[self.left_R[rows] > 0]

    def _pick_for_all(self, shelves: list[Shelf], queries_GD: Floats, taken_GP: Ints) -> Ints:
        """A row for each set of a group; -1 for those to which nothing is left that may still be used."""
        picked_G = np.full(len(queries_GD), -1, np.int64)
        waiting = np.arange(len(queries_GD))
        while len(waiting):
            candidates = self._candidates(shelves)
            picked_G[waiting] = self._pick(queries_GD[waiting], taken_GP[waiting], candidates)
            left = waiting[picked_G[waiting] < 0]
            if len(left) == len(waiting):
                break
            waiting = left
        return picked_G

    def _pick(self, queries_GD: Floats, taken_GP: Ints, candidates_M: Ints) -> Ints:
        """One candidate for each set, drawn from its best; -1 where others were first to use these up."""
        num_sets, num_best = len(queries_GD), min(self.assembly.num_best, len(candidates_M))
        picked_G = np.full(num_sets, -1, np.int64)
        if num_best == 0:
            return picked_G
        scores_GM = queries_GD @ self.pool.vectors_RD[candidates_M].T
        _forbid(scores_GM, taken_GP, candidates_M)
        best_GK = np.argpartition(scores_GM, -num_best, axis=1)[:, -num_best:]
        drawn_GK = np.take_along_axis(scores_GM, best_GK, axis=1)
        if self.assembly.temperature > 0:
            drawn_GK = drawn_GK + self.assembly.temperature * self._rng.gumbel(size=drawn_GK.shape)
        order_GK = np.take_along_axis(best_GK, np.argsort(-drawn_GK, axis=1), axis=1)
        allowed_GK = np.isfinite(np.take_along_axis(scores_GM, order_GK, axis=1))
        for rank in range(num_best):
            waiting = np.flatnonzero((picked_G < 0) & allowed_GK[:, rank])
            if not len(waiting):
                continue
            rows = candidates_M[order_GK[waiting, rank]]
            if self.left_R is None:
                picked_G[waiting] = rows
            else:
                free = _within_uses(rows, self.left_R)
                picked_G[waiting[free]] = rows[free]
                np.subtract.at(self.left_R, rows[free], 1)
            if (picked_G >= 0).all():
                break
        return picked_G


def _forbid(scores_GM: NDArray[np.float32], taken_GP: Ints, candidates_M: Ints) -> None:
    """An item stands in a set once: minus infinity for what the set holds already."""
    order = np.argsort(candidates_M)
    ordered = candidates_M[order]
    for taken_G in taken_GP.T:
        at = np.minimum(np.searchsorted(ordered, taken_G), len(ordered) - 1)
        there = np.flatnonzero(ordered[at] == taken_G)
        scores_GM[there, order[at[there]]] = -np.inf


def _uses(pool: Pool, most_uses: int | None) -> Ints | None:
    return None if most_uses is None else np.full(len(pool), most_uses, np.int64)


def _within_uses(rows: Ints, left_R: Ints) -> NDArray[np.bool_]:
    """Which of these uses, one after the other, stay within what is left of each."""
    order = np.argsort(rows, kind="stable")
    ordered = rows[order]
    starts = np.r_[0, np.flatnonzero(ordered[1:] != ordered[:-1]) + 1]
    rank = np.arange(len(rows)) - np.repeat(starts, np.diff(np.r_[starts, len(rows)]))
    free = np.empty(len(rows), dtype=bool)
    free[order] = rank < left_R[ordered]
    return free
