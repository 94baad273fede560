"""The material of outfit networks: one table of items, and the sets of three sources.

- `outfits`: sets of catalogue items, by experts or taken from clicks;
- `worn`: pieces of one street photo, which no catalogue knows;
- `categories`: sets of which only the kinds of their pieces are known.

N = items, S = sets, P = places
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from atelier.families.outfit.end_to_end import Pictures
from atelier.families.outfit.questions import (
    Draw,
    Ints,
    blank_out,
    by_frequency,
    made_up,
    padded,
    within_category,
)
from atelier.families.outfit.sets import Sets
from atelier.families.outfit.table import ItemTable
from atelier.families.outfit.validation import Validation
from atelier.vocabulary import Split

OUTFITS, WORN, CATEGORIES = "outfits", "worn", "categories"
_VALIDATED = 400
"""Sets of a source that validation asks about, at most; the test asks about all."""


@dataclass(frozen=True, eq=False)
class Source:
    """Sets of one kind, as rows of the items of this source."""

    name: str
    items: ItemTable
    kind_N: Ints
    """Items of one kind are wrong answers to each other."""
    origin_N: Ints
    """Where an item is from; items of one origin are never wrong answers to each other."""
    rows: Mapping[str, list[list[int]]]
    """Split -> sets."""
    disliked: frozenset[int] = field(default_factory=frozenset)
    """Numbers of training sets that were clicked badly."""
    item_ids: Sequence[str] = ()
    """Of `outfits`: the items' ids in the catalogue."""

    def questions(self, split: Split, most: int | None = None, seed: int = 0) -> Validation:
        """Build one question for each set of a split; for worn pieces, of which there are few, one a piece.

        `worn` and `outfits` are also asked which of two sets is the real one.
        """
        rows_SP = padded(self.rows[split][:most])
        if self.name == CATEGORIES:
            draw = by_frequency(padded(self.rows[Split.TRAIN] or self.rows[split]), len(self.items))
            return Validation(
                blank_out(rows_SP, draw, seed), same_category_N=np.zeros(len(self.items), np.int64)
            )
        draw = self._others_of(rows_SP) if self.name == WORN else within_category(self.kind_N, self.origin_N)
        good_SP, bad_SP = made_up(rows_SP, self._kinds_within(rows_SP), self.origin_N, seed)
        blanks = blank_out(rows_SP, draw, seed, all_pieces=self.name == WORN)
        return Validation(blanks, good_SP, bad_SP, self.kind_N if self.name == OUTFITS else None)

    def _others_of(self, rows_SP: Ints) -> Draw:
        """Wrong answers among the pieces of the same sets: of the others the training has seen the photos."""
        return within_category(self._kinds_within(rows_SP), self.origin_N)

    def _kinds_within(self, rows_SP: Ints) -> Ints:
        """The kinds of the items of these sets; any other is of a kind of its own."""
        if self.name != WORN:
            return self.kind_N
        kind_N = -1 - np.arange(len(self.kind_N))
        asked = rows_SP[rows_SP >= 0]
        kind_N[asked] = self.kind_N[asked]
        return kind_N


@dataclass(frozen=True, eq=False)
class SetMaterial:
    """All sources together: one table of items, one numbering."""

    facts: Mapping[str, tuple[str, ...]]
    sources: tuple[Source, ...]
    space: str
    """Digest of the embedding contract of the vectors."""

    @property
    def items(self) -> ItemTable:
        return ItemTable.joined([source.items for source in self.sources])

    @property
    def item_ids(self) -> dict[int, str]:
        """Map rows to catalogue ids, for the items that are in a catalogue."""
        return {first + n: each for first, source in self.placed() for n, each in enumerate(source.item_ids)}

    def sets(self) -> Sets:
        """Join the training sets of all sources."""
        rows = [[row + first for row in each] for first, source in self.placed() for each in _train(source)]
        source = [number for number, source in enumerate(self.sources) for _ in _train(source)]
        liked = [n not in source.disliked for source in self.sources for n in range(len(_train(source)))]
        return Sets(padded(rows), np.array(source, np.int64), np.array(liked, bool))

    def same_category(self) -> Ints:
        """Number each kind of each source; crops outside of the training split are alone."""
        numbers, first = [], 0
        for source in self.sources:
            kind_N = source.kind_N.copy()
            if source.name == WORN:
                held = [
                    row
                    for split in (Split.VALIDATION, Split.TEST)
                    for each in source.rows[split]
                    for row in each
                ]
                kind_N[held] = kind_N.max(initial=-1) + 1 + np.arange(len(held))
            numbers.append(kind_N + first)
            first += int(kind_N.max(initial=-1)) + 1
        return np.concatenate(numbers)

    def validation(self, split: Split, most: int | None = _VALIDATED) -> dict[str, Validation]:
        """Build questions about a split for each source that has sets there."""
        return {
            source.name: _moved(source.questions(split, most), first, len(self.items))
            for first, source in self.placed()
            if source.rows[split]
        }

    def placed(self) -> Iterator[tuple[int, Source]]:
        """List each source with the row of its first item."""
        first = 0
        for source in self.sources:
            yield first, source
            first += len(source.items)


@dataclass(frozen=True, eq=False)
class EndToEndMaterial:
    """Sets of items, the pictures of these, and the image tower for them."""

    sets: SetMaterial
    pictures: Pictures
    tower_files: Mapping[str, NDArray[np.uint8]]
    """Name -> bytes of the files that `image_tower` reads."""


def _train(source: Source) -> list[list[int]]:
    return source.rows[Split.TRAIN]


def _moved(asked: Validation, first: int, num_items: int) -> Validation:
    """The same questions where the source's items begin at row `first` of a larger table."""
    same_category_N = None
    if asked.same_category_N is not None:
        same_category_N = np.full(num_items, -1, np.int64)
        same_category_N[first : first + len(asked.same_category_N)] = asked.same_category_N
    shown = [
        np.where(rows >= 0, rows + first, -1) for rows in (asked.blanks.rows_QP, asked.good_SP, asked.bad_SP)
    ]
    return Validation(
        type(asked.blanks)(shown[0], asked.blanks.answers_QA + first), shown[1], shown[2], same_category_N
    )
