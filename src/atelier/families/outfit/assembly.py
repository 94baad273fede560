"""Assembles sets under rules: search, filter by the allowed items, take one of the best, update the rules.

Sets that may be continued with the same items, a few slices of the pool, are continued together: one matrix
product scores these items for all of them.

B = sets of a block, W = sets that wait for a piece, P = pieces of the longest set, T = triggers,
D = embedding, C = cells
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from atelier.families.outfit.picking import Assembly, Picker
from atelier.families.outfit.pool import Floats, Ints, Pool, Shelf
from atelier.families.outfit.questions import Generator
from atelier.rules.graph import State, chosen

_AT_ONCE = 1024
"""Sets that are scored by one matrix product, at most."""


class Sets(NamedTuple):
    """Finished sets; a set shorter than P ends with -1."""

    items_BP: Ints
    """Numbers of the items, the trigger first."""
    slots_BP: Ints
    """Numbers of the slots they stand in."""


class _Choice(NamedTuple):
    """What a set may be continued with."""

    slot: int
    shelves: tuple[Shelf, ...]


@dataclass(eq=False)
class _Block:
    """Sets that are made together, as far as they are."""

    rows_BP: Ints
    slots_BP: Ints
    pieces_BPD: Floats
    num_B: Ints
    """Pieces of each."""
    state_B: Ints
    """Numbers of `states`; -1 for a set that cannot be made."""
    partition_B: Ints
    states: list[State] = field(default_factory=list)
    _numbers: dict[State, int] = field(default_factory=dict)

    @classmethod
    def of(cls, num: int, longest: int, dimension: int) -> _Block:
        return cls(
            rows_BP=np.full((num, longest), -1, np.int64),
            slots_BP=np.full((num, longest), -1, np.int64),
            pieces_BPD=np.zeros((num, longest, dimension), np.float32),
            num_B=np.zeros(num, np.int64),
            state_B=np.full(num, -1, np.int64),
            partition_B=np.zeros(num, np.int64),
        )

    def number_of(self, state: State) -> int:
        number = self._numbers.setdefault(state, len(self.states))
        if number == len(self.states):
            self.states.append(state)
        return number

    def place(self, sets: Ints, rows: Ints, slots: Ints | int, vectors: Floats) -> None:
        """Add one piece to each of some sets."""
        at = self.num_B[sets]
        self.rows_BP[sets, at], self.slots_BP[sets, at] = rows, slots
        self.pieces_BPD[sets, at] = vectors
        self.num_B[sets] += 1

    def waiting(self, among: Ints) -> Ints:
        """Select the sets that lack a piece."""
        is_open = np.array([bool(state.open) for state in self.states], bool)
        return among[is_open[self.state_B[among]]]


class Assembler:
    """Makes sets from one pool. Remembers how often it has used each item."""

    def __init__(self, pool: Pool, generator: Generator, assembly: Assembly, seed: int = 0) -> None:
        self.pool, self.generator, self.assembly = pool, generator, assembly
        self.graph = pool.graph
        self._picker = Picker(pool.vectors_RD, assembly, seed)
        self._longest = max(map(len, self.graph.plans))
        cells = self.graph.cells
        self._cell_SK = np.full((len(self.graph.rules.slots), int(cells.class_C.max(initial=-1)) + 1), -1)
        self._cell_SK[cells.slot_C, cells.class_C] = np.arange(cells.num_cells)
        self._beginnings: dict[tuple[int, tuple[int, ...]], list[tuple[list[int], State]]] = {}
        self._choices: dict[tuple[int, State], _Choice] = {}
        self._alike: dict[tuple[int, int, int], _Choice] = {}

    def anew(self, assembly: Assembly, seed: int, most_uses_N: Ints | None = None) -> Assembler:
        """Return another assembler without used items, with the same pool and generator.

        `most_uses_N`: a limit for each item of its own instead of the assembly's. Cheap: serving takes one
        for each request. Safe to share by threads; what it gives is not.
        """
        other = copy.copy(self)
        other.assembly = assembly
        limits_R = None if most_uses_N is None else most_uses_N[self.pool.item_R]
        other._picker = Picker(self.pool.vectors_RD, assembly, seed, limits_R)
        return other

    def make(self, triggers: Ints) -> Sets:
        """Make one set around each trigger item that any set can hold; the others get none.

        triggers: items [B], or [B, T] for sets around T items each, all of which stand in the set.
        """
        triggers_BT = triggers if triggers.ndim == 2 else triggers[:, None]
        num, num_triggers = triggers_BT.shape
        block = _Block.of(num, max(self._longest, num_triggers), self.pool.vectors_RD.shape[1])
        waiting = block.waiting(self._begin(triggers_BT, block))
        while len(waiting):
            waiting = block.waiting(self._place_next(block, waiting))
        items_BP = np.where(block.rows_BP >= 0, self.pool.item_R[block.rows_BP], -1)
        complete = np.array([not state.open for state in block.states] + [False], bool)[block.state_B]
        return Sets(items_BP[complete], block.slots_BP[complete])

    def make_many(self, num: int, stretch: slice = slice(None)) -> Sets:
        """Make sets around random items, least used ones first; fewer where all are used up.

        `stretch`: rows of the pool to begin with, as long as these make sets. Rows beside each other are
        alike, so that their sets are made together: parts of a job are faster with a stretch each.
        """
        made, missing = [self.make(np.zeros((0, 1), np.int64))], num
        while missing:
            sets = self.make(self.pool.item_R[self._picker.draw(missing, stretch)])
            if not len(sets.items_BP) and stretch == slice(None):
                break
            if not len(sets.items_BP):
                stretch = slice(None)
            made.append(sets)
            missing -= len(sets.items_BP)
        return Sets(*(np.concatenate(parts) for parts in zip(*made, strict=True)))

    def _begin(self, triggers_BT: Ints, block: _Block) -> Ints:
        """Place each set's triggers into a random plan that they can begin; the sets that are begun."""
        rng, num_triggers = self._picker.rng, triggers_BT.shape[1]
        begun: list[int] = []
        for number, rows_T in enumerate(self.pool.row_N[triggers_BT]):
            partitions = set(self.pool.partition_R[rows_T].tolist())
            if rows_T.min() < 0 or len(partitions) > 1 or len(set(rows_T.tolist())) < num_triggers:
                continue
            partition = partitions.pop()
            beginnings = self._beginnings_of(partition, tuple(self.pool.class_R[rows_T].tolist()))
            if beginnings:
                slots, state = beginnings[int(rng.integers(len(beginnings)))]
                block.slots_BP[number, :num_triggers] = slots
                block.state_B[number], block.partition_B[number] = block.number_of(state), partition
                begun.append(number)
        sets = np.array(begun, np.int64)
        for rows in self.pool.row_N[triggers_BT[sets]].T:
            block.place(sets, rows, block.slots_BP[sets, block.num_B[sets]], self.pool.vectors_RD[rows])
        return sets

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

    def _place_next(self, block: _Block, waiting: Ints) -> Ints:
        """One more piece into each of these sets; those for which there was one."""
        queries_WD = self._queries(block.pieces_BPD[waiting], block.num_B[waiting])
        filled: list[Ints] = []
        for choice, at in self._by_choice(block, waiting):
            for part in np.split(at, range(_AT_ONCE, len(at), _AT_ONCE)):
                sets = waiting[part]
                rows = self._picker.pick(choice.shelves, queries_WD[part], block.rows_BP[sets])
                sets, rows = sets[rows >= 0], rows[rows >= 0]
                block.place(sets, rows, choice.slot, self.pool.vectors_RD[rows])
                self._move_on(block, sets, self._cell_SK[choice.slot, self.pool.class_R[rows]])
                filled.append(sets)
        return np.concatenate(filled)

    def _queries(self, pieces_BPD: Floats, num_B: Ints) -> Floats:
        queries_BD = self.generator.queries(pieces_BPD, num_B)
        if self.assembly.variety:
            queries_BD = queries_BD - self.assembly.variety * pieces_BPD.sum(1) / num_B[:, None]
        return queries_BD

    def _by_choice(self, block: _Block, waiting: Ints) -> Iterator[tuple[_Choice, Ints]]:
        """The places in `waiting` of the sets that may be continued alike."""
        num_states = len(block.states)
        keys, key_W = np.unique(
            block.partition_B[waiting] * num_states + block.state_B[waiting], return_inverse=True
        )
        choices = [self._choice(int(key) // num_states, block.states[int(key) % num_states]) for key in keys]
        number = {id(choice): n for n, choice in enumerate(choices)}
        choice_W = np.array([number[id(choice)] for choice in choices])[key_W]
        order = np.argsort(choice_W, kind="stable")
        starts = np.flatnonzero(np.diff(choice_W[order])) + 1
        for at in np.split(order, starts):
            yield choices[int(choice_W[at[0]])], at

    def _choice(self, partition: int, state: State) -> _Choice:
        """What a set in this state may be continued with; one object for all states where that is alike."""
        found = self._choices.get((partition, state))
        if found is None:
            allowed, slot = self.graph.allowed(state), state.open[0]
            found = self._alike.get((partition, slot, allowed))
            if found is None:
                cells = chosen(allowed, self.graph.cells.num_cells)
                shelves = (self.pool.shelf(partition, int(cell)) for cell in cells)
                found = _Choice(slot, tuple(shelf for shelf in shelves if len(shelf)))
                found = self._alike.setdefault((partition, slot, allowed), found)
            self._choices[partition, state] = found
        return found

    def _move_on(self, block: _Block, sets: Ints, cells: Ints) -> None:
        """To the states of sets after a piece of one of these cells was put into each."""
        num_cells = self.graph.cells.num_cells
        keys, key_W = np.unique(block.state_B[sets] * num_cells + cells, return_inverse=True)
        following = [
            block.number_of(self.graph.place(block.states[int(key) // num_cells], int(key) % num_cells))
            for key in keys
        ]
        block.state_B[sets] = np.array(following, np.int64)[key_W]
