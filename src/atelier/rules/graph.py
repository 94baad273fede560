"""The context graph: rules compiled for a pool, so that a started set can always be completed.

A set is begun by choosing a plan, the slots it will fill. From then on a `State` says what is still allowed,
and `allowed` holds only cells from which the set can be completed: generation searches among their items,
places the one it likes best, and asks again. States are few (they know cells, not items), so that what was
found out for one set serves a million.

Cells in sets are bits of one integer. A *witness* is a way to fill given slots, with cells that all may meet;
what meets the whole of a witness can be completed, which is one bitwise "and" for all cells at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from atelier.rules.cells import Cells, divide
from atelier.rules.conditions import Attributes, Bools
from atelier.rules.rules import Limits, Plan, Rules

_FREE = Limits(-np.inf, np.inf)


class State(NamedTuple):
    """The open slots of a partial set, and the cells that are still allowed."""

    open: tuple[int, ...]
    """Numbers of the slots to fill, the next one first; empty once the set is complete."""
    mask: int
    """Cells that meet all pieces so far."""
    low: float
    """Pieces so far cost from here"""
    high: float
    """to here."""


class _Witness(NamedTuple):
    cells: int
    """The cells it takes."""
    meeting: int
    """The cells that meet all of these."""
    low: float
    high: float


class _Level(NamedTuple):
    """The cells of one price band."""

    cells: int
    low: float
    high: float


@dataclass(eq=False)
class ContextGraph:
    """Rules, compiled for the items of one pool. Cells are numbered, and sorted by slot."""

    rules: Rules
    cells: Cells
    plans: tuple[Plan, ...] = field(init=False)
    _rows: list[int] = field(init=False)
    """For each cell, the cells that it may meet."""
    _slot_masks: list[int] = field(init=False)
    _levels: list[_Level] = field(init=False)
    _needless: list[int] = field(init=False)
    """For each plan, the cells that do not need a slot which the plan lacks."""
    _present: dict[int, int] = field(init=False, default_factory=dict)
    _witnesses: dict[tuple[int, ...], list[_Witness]] = field(init=False, default_factory=dict)
    _hopeless: set[tuple[tuple[int, ...], int, float, float]] = field(init=False, default_factory=set)
    _allowed: dict[State, int] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        cells = self.cells
        self.plans = self.rules.plans()
        self._rows = [_mask(row_C) for row_C in cells.meet_CC]
        self._slot_masks = [_mask(cells.slot_C == slot) for slot in range(len(self.rules.slots))]
        prices = sorted(set(zip(cells.low_C.tolist(), cells.high_C.tolist(), strict=True)))
        self._levels = [_Level(_mask(cells.low_C == low), low, high) for low, high in prices]
        self._needless = [self._without_needs(plan) for plan in self.plans]

    def start(self, plan: int, partition: int = 0) -> State:
        """Start an empty set of this plan (a number in `plans`)."""
        names = [slot.name for slot in self.rules.slots]
        open_slots = tuple(names.index(name) for name in self.plans[plan])
        return State(open_slots, self.present(partition) & self._needless[plan], 0.0, 0.0)

    def present(self, partition: int) -> int:
        """Return the cells that have items in a partition."""
        found = self._present.get(partition)
        if found is None:
            cells = self.cells
            in_it = cells.class_N[(cells.partition_N == partition) & (cells.class_N >= 0)]
            at_hand_K = np.bincount(in_it, minlength=int(cells.class_C.max(initial=-1)) + 1) > 0
            found = self._present[partition] = _mask(at_hand_K[cells.class_C])
        return found

    def allowed(self, state: State) -> int:
        """Return cells of the next slot from which the set can be completed; 0: it cannot be completed."""
        found = self._allowed.get(state)
        if found is None:
            found = self._allowed[state] = self._find_allowed(state)
        return found

    def place(self, state: State, cell: int) -> State:
        """Put a piece of this cell into the first open slot of its kind. ValueError: it may not be there."""
        slot = int(self.cells.slot_C[cell])
        if slot not in state.open or not state.mask >> cell & 1:
            raise ValueError(f"cell {cell} of slot '{self.rules.slots[slot].name}' may not be placed here")
        at = state.open.index(slot)
        left = state.open[:at] + state.open[at + 1 :]
        mask = state.mask & self._rows[cell] & self._of(left)
        return State(left, mask, *self._with(state, cell))

    def fillable(self) -> bool:
        """Test whether the pool has at least the items of one set."""
        return any(
            self.completable(self.start(plan, partition))
            for partition in range(len(self.cells.partitions))
            for plan in range(len(self.plans))
        )

    def completable(self, state: State) -> bool:
        return bool(self.allowed(state)) if state.open else self._affordable(state.low, state.high)

    def cells_of(self, item: int) -> tuple[int, ...]:
        """List the cells of an item, one for each slot it fits; none: the rules never take it."""
        found = np.flatnonzero(self.cells.class_C == self.cells.class_N[item])
        return tuple(int(cell) for cell in found)

    def _find_allowed(self, state: State) -> int:
        next_slot, rest = state.open[0], state.open[1:]
        candidates = state.mask & self._slot_masks[next_slot]
        if not rest:
            return sum(1 << cell for cell in bits(candidates) if self._affordable(*self._with(state, cell)))
        allowed = 0
        if self.rules.price is None:
            for witness in self._witnesses.get(rest, ()):
                if witness.cells & ~state.mask == 0:
                    allowed |= candidates & witness.meeting
        for cell in bits(candidates & ~allowed):
            if not allowed >> cell & 1:
                found = self._complete(rest, state.mask & self._rows[cell], *self._with(state, cell))
                if found is not None:
                    allowed |= 1 << cell if self.rules.price else candidates & found.meeting
        return allowed

    def _complete(self, slots: tuple[int, ...], mask: int, low: float, high: float) -> _Witness | None:
        """A way to fill the slots from the mask, when the pieces so far cost from `low` to `high`."""
        if not slots:
            return _Witness(0, -1, 0.0, 0.0) if self._affordable(low, high) else None
        mask &= self._of(slots)
        for position, witness in enumerate(known := self._witnesses.setdefault(slots, [])):
            if witness.cells & ~mask == 0 and self._affordable(low + witness.low, high + witness.high):
                # What helped is asked first the next time.
                known.insert(0, known.pop(position))
                return witness
        question = (slots, mask, low, high)
        if question in self._hopeless:
            return None
        for cell in self._likely(slots, mask, low, high):
            cell_low, cell_high = float(self.cells.low_C[cell]), float(self.cells.high_C[cell])
            rest = self._complete(slots[1:], mask & self._rows[cell], low + cell_low, high + cell_high)
            if rest is not None:
                found = _Witness(
                    rest.cells | 1 << cell,
                    rest.meeting & self._rows[cell],
                    rest.low + cell_low,
                    rest.high + cell_high,
                )
                known.insert(0, found)
                return found
        self._hopeless.add(question)
        return None

    def _likely(self, slots: tuple[int, ...], mask: int, low: float, high: float) -> Iterator[int]:
        """Cells for the first slot in the order to try them: nearest to its share of the price first.

        None at all where even the dearest, or the cheapest, cells left would miss the price.
        """
        levels = [[level for level in self._levels if mask & level.cells & self._of((s,))] for s in slots]
        if not all(levels) or not self._within_reach(levels, low, high):
            return
        share = self._share_of_price(low, len(slots))
        for level in sorted(levels[0], key=lambda level: abs((level.low + level.high) / 2 - share)):
            yield from bits(mask & level.cells & self._slot_masks[slots[0]])

    def _within_reach(self, levels: list[list[_Level]], low: float, high: float) -> bool:
        limits = self.rules.price or _FREE
        dearest = low + sum(max(level.low for level in of_slot) for of_slot in levels)
        cheapest = high + sum(min(level.high for level in of_slot) for of_slot in levels)
        return limits.low <= dearest and cheapest <= limits.high

    def _share_of_price(self, spent: float, num_slots: int) -> float:
        if self.rules.price is None:
            return 0.0
        limits = self.rules.price
        aim = 2 * limits.low if np.isinf(limits.high) else (limits.low + limits.high) / 2
        return (aim - spent) / num_slots

    def _affordable(self, low: float, high: float) -> bool:
        """Whatever the pieces cost between `low` and `high`, the set's price is allowed."""
        limits = self.rules.price or _FREE
        return limits.low <= low and high <= limits.high

    def _with(self, state: State, cell: int) -> tuple[float, float]:
        return (
            state.low + float(self.cells.low_C[cell]),
            state.high + float(self.cells.high_C[cell]),
        )

    def _of(self, slots: tuple[int, ...]) -> int:
        """All cells of these slots."""
        found = 0
        for slot in slots:
            found |= self._slot_masks[slot]
        return found

    def _without_needs(self, plan: Plan) -> int:
        kept_C = np.ones(self.cells.num_cells, dtype=bool)
        for slot, given_C in self.cells.needing:
            if slot not in plan:
                kept_C &= ~given_C
        return _mask(kept_C)


def compile_rules(rules: Rules, facts: Attributes) -> ContextGraph:
    """Compile these rules for a pool into a context graph. RulesError: they make too many classes of
    items.
    """
    return ContextGraph(rules, divide(rules, facts))


def bits(mask: int) -> Iterator[int]:
    """List the numbers of the set bits, in order."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


def chosen(mask: int, num_cells: int) -> NDArray[np.int64]:
    """Return the numbers of the set bits as an array: quicker than `bits` for large masks."""
    packed = np.frombuffer(mask.to_bytes((num_cells + 7) // 8, "little"), np.uint8)
    return np.flatnonzero(np.unpackbits(packed, bitorder="little")[:num_cells])


def _mask(kept_C: Bools) -> int:
    return int.from_bytes(np.packbits(kept_C, bitorder="little").tobytes(), "little")
