"""Defines the checked content of a rule file.

The format is described in docs/reference/rules.md; `file.py` reads it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import product

from atelier.rules.conditions import Condition

_ANYTHING = Condition()
MAX_PIECES = 12
"""Of one set. Look-ahead and layouts are made for sets that one can see at a glance."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in a set, and the conditions on its items."""

    name: str
    condition: Condition
    at_most: int = 1
    """Pieces that may stand there: a required slot takes one or more, an optional one none or more."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One way to be complete: slots that must be filled, and slots that may be."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()

    @property
    def slots(self) -> tuple[str, ...]:
        return self.required + self.optional


@dataclass(frozen=True, slots=True)
class Never:
    """No set holds a piece that meets the one and another piece that meets the other."""

    one: Condition
    other: Condition

    def __str__(self) -> str:
        return f"never {self.one} with {self.other}"


@dataclass(frozen=True, slots=True)
class Needs:
    """A set with a piece that meets `given` fills the slot of `then`, and all pieces there meet it."""

    given: Condition
    then: Condition

    def __str__(self) -> str:
        return f"{self.given} needs {self.then}"


@dataclass(frozen=True, slots=True)
class Agree:
    """All pieces of a set have the same value of a fact; neutral values agree with all others."""

    fact: str
    neutral: tuple[str | None, ...] = ()

    def __str__(self) -> str:
        return f"one {self.fact} a set"


@dataclass(frozen=True, slots=True)
class Differ:
    """No two pieces of a set have the same value of a fact."""

    fact: str

    def __str__(self) -> str:
        return f"no {self.fact} twice in a set"


Relation = Never | Needs | Agree | Differ
"""A rule about two pieces of one set."""

Plan = tuple[str, ...]
"""The slots of one set, in the order of the rule file; a slot stands twice where it takes two pieces."""


@dataclass(frozen=True, slots=True)
class Limits:
    """From `low` to `high`, both included."""

    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class Rules:
    """One rule file. Every relation has the name by which reports call it: 'never[0]', 'agree.season'."""

    name: str
    slots: tuple[Slot, ...]
    shapes: tuple[Shape, ...]
    everywhere: Condition = _ANYTHING
    """Every piece meets it."""
    relations: tuple[tuple[str, Relation], ...] = ()
    pieces: Limits = field(default_factory=lambda: Limits(1, MAX_PIECES))
    price: Limits | None = None
    """Of a whole set, in the catalogue's currency."""
    for_many_catalogues: bool = False
    """The file names values that some catalogues lack; else a value that no item has is an error."""

    def slot(self, name: str) -> Slot:
        return next(slot for slot in self.slots if slot.name == name)

    def plans(self) -> tuple[Plan, ...]:
        """List every combination of slots that makes a complete set of an allowed size, each once."""
        found = dict.fromkeys(plan for shape in self.shapes for plan in self._plans_of(shape))
        return tuple(plan for plan in found if len(plan) in self.pieces)

    def _plans_of(self, shape: Shape) -> Iterator[Plan]:
        counts = [
            range(1, slot.at_most + 1)
            if slot.name in shape.required
            else range(slot.at_most + 1)
            if slot.name in shape.optional
            else range(1)
            for slot in self.slots
        ]
        for chosen in product(*counts):
            yield tuple(
                slot.name for slot, count in zip(self.slots, chosen, strict=True) for _ in range(count)
            )

    def without(self, name: str) -> Rules:
        """Return the same rules, one of them dropped: a relation's name, 'everywhere', 'price' or
        'slots.NAME'.
        """
        if name == "everywhere":
            return replace(self, everywhere=_ANYTHING)
        if name == "price":
            return replace(self, price=None)
        if name.startswith("slots."):
            freed = tuple(
                replace(slot, condition=Condition()) if f"slots.{slot.name}" == name else slot
                for slot in self.slots
            )
            return replace(self, slots=freed)
        return replace(self, relations=tuple(pair for pair in self.relations if pair[0] != name))

    def names(self) -> tuple[str, ...]:
        """List what can be dropped by `without`, the widest first."""
        return (
            *(("everywhere",) if self.everywhere.tests else ()),
            *(("price",) if self.price else ()),
            *(name for name, _ in self.relations),
            *(f"slots.{slot.name}" for slot in self.slots),
        )
