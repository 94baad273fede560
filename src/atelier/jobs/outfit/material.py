"""What outfit networks are trained on and judged by: one table of items, and the sets of three sources.

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

from atelier.datasets.catalogue import Catalogue
from atelier.errors import TrainingError
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
from atelier.families.outfit.table import ItemTable, codes_of
from atelier.families.outfit.validation import Validation
from atelier.jobs.outfit.clicks import Clicked, judged_by
from atelier.jobs.outfit.street_crops import Worn, worn_in
from atelier.jobs.retrieval.embedder import CatalogueEmbedder, fact_values
from atelier.registry.store import open_registry
from atelier.settings import Settings
from atelier.vocabulary import CategorySet, Item, Maker, Outfit, Split

RETRIEVAL = "retrieval"
OUTFITS, WORN, CATEGORIES = "outfits", "worn", "categories"
MATERIAL_FORMAT = 3
"""Raise it when items or sets are described otherwise: networks are then trained anew."""
_MIN_SETS = 32
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
        """One question for each set of a split; for worn pieces, of which there are few, one a piece.

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
        """Row -> id in the catalogue, of those that are in one."""
        return {first + n: each for first, source in self.placed() for n, each in enumerate(source.item_ids)}

    def sets(self) -> Sets:
        """The training sets of all sources."""
        rows = [[row + first for row in each] for first, source in self.placed() for each in _train(source)]
        source = [number for number, source in enumerate(self.sources) for _ in _train(source)]
        liked = [n not in source.disliked for source in self.sources for n in range(len(_train(source)))]
        return Sets(padded(rows), np.array(source, np.int64), np.array(liked, bool))

    def same_category(self) -> Ints:
        """A number for each kind of each source; crops that training must not see are alone."""
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
        """Questions about a split for each source that has sets there."""
        return {
            source.name: _moved(source.questions(split, most), first, len(self.items))
            for first, source in self.placed()
            if source.rows[split]
        }

    def placed(self) -> Iterator[tuple[int, Source]]:
        """Each source with the row of its first item."""
        first = 0
        for source in self.sources:
            yield first, source
            first += len(source.items)


def load_sets(
    settings: Settings,
    catalogue: Catalogue,
    eyes: CatalogueEmbedder,
    data_version: str,
    progress: bool,
    facts: Mapping[str, tuple[str, ...]] | None = None,
) -> SetMaterial:
    """Read a data version's sets as training wants them; `facts`: those that a trained model knows.

    TrainingError: there are too few to learn from.
    """
    facts = facts or fact_values(catalogue.items(), _categories(catalogue.category_sets()))
    sources = [
        outfit_source(catalogue, eyes, facts, progress),
        worn_source(worn_in(settings, catalogue, data_version, progress=progress), facts, eyes),
        category_source(catalogue.category_sets(), facts, eyes),
    ]
    sources = [source for source in sources if any(source.rows.values())]
    num = sum(len(_train(source)) for source in sources)
    if num < _MIN_SETS:
        raise TrainingError(
            f"data version {data_version[:8]} has {num} sets to learn what goes together from (expected at "
            f"least {_MIN_SETS}). Ingest a drop with outfits first: `atelier ingest DIR`"
        )
    return SetMaterial(facts, tuple(sources), eyes.contract.digest)


def num_sets(catalogue: Catalogue) -> int:
    """Training sets that a data version may have, told without reading a picture."""
    streets = {photo.photo_id for photo in catalogue.photos(split=Split.TRAIN)}
    worn = {r.photo_id for r in catalogue.regions() if r.mask_value is not None} & streets
    return len(worn) + len(catalogue.outfits(Split.TRAIN)) + len(catalogue.category_sets(Split.TRAIN))


def why_no_outfits(settings: Settings) -> str | None:
    """Why a workspace's data cannot teach what goes together, as a sentence; None where it can."""
    num = num_sets(Catalogue.open(settings.data_dir))
    if num < _MIN_SETS:
        return f"the data has {num} sets to learn what goes together from, expected at least {_MIN_SETS}"
    if open_registry(settings).version(RETRIEVAL, "champion") is None:
        return "no retrieval model passed its gate, with which items could be seen"
    return None


def outfit_source(
    catalogue: Catalogue, eyes: CatalogueEmbedder, facts: Mapping[str, tuple[str, ...]], progress: bool
) -> Source:
    """Outfits of catalogue items. Wrong answers to an item are others of its category."""
    clicked = judged_by(catalogue.clicks())
    outfits = [outfit for outfit in catalogue.outfits() if _says_something(outfit, clicked)]
    named = {item_id for outfit in outfits for item_id in outfit.item_ids}
    items: list[Item] = [item for item in catalogue.items() if item.item_id in named]
    row = {item.item_id: number for number, item in enumerate(items)}
    rows: dict[str, list[list[int]]] = {split: [] for split in Split}
    disliked: set[int] = set()
    for outfit in outfits:
        pieces = [row[item_id] for item_id in outfit.item_ids if item_id in row]
        if len(pieces) < 2 or outfit.split is None:
            continue
        if outfit.outfit_id in clicked.badly:
            disliked.add(len(rows[Split.TRAIN]))
        rows[outfit.split].append(pieces)
    categories = sorted({item.category for item in items})
    number = {category: index for index, category in enumerate(categories)}
    kind_N = np.array([number[item.category] for item in items], np.int64)
    table = eyes.table(items, facts, progress=progress)
    return Source(
        OUTFITS, table, kind_N, np.arange(len(items)), rows, frozenset(disliked), [i.item_id for i in items]
    )


def _says_something(outfit: Outfit, clicked: Clicked) -> bool:
    """Whether an outfit is an example: to learn from, good or bad, or to be asked about.

    A generator must not be taught, or judged, by what it made itself, unless users judged that.
    """
    if outfit.split == Split.TRAIN and outfit.outfit_id in clicked.well | clicked.badly:
        return True
    return outfit.made_by != Maker.GENERATOR and outfit.outfit_id not in clicked.badly


def worn_source(worn: Worn, facts: Mapping[str, tuple[str, ...]], eyes: CatalogueEmbedder) -> Source:
    """Pieces of street photos, by their palettes alone. Wrong answers are of the same label, elsewhere."""
    photos, photo_N = _numbered(worn.photo_N)
    _, kind_N = _numbered(worn.label_N)
    rows: dict[str, list[list[int]]] = {split: [] for split in Split}
    for photo in range(len(photos)):
        pieces = np.flatnonzero(photo_N == photo)
        if len(pieces) >= 2:
            rows[worn.split_N[pieces[0]]].append(pieces.tolist())
    bare = eyes.from_attributes_only(codes_of(facts, [{} for _ in worn.photo_N]))
    items = ItemTable(bare.image_NI, bare.title_NT, worn.colour_NC, bare.codes_NF)
    return Source(WORN, items, kind_N, photo_N, rows)


def category_source(
    sets: Sequence[CategorySet], facts: Mapping[str, tuple[str, ...]], eyes: CatalogueEmbedder
) -> Source:
    """Sets of categories: each category is an item of which nothing else is known."""
    names = sorted(_categories(sets))
    row = {name: number for number, name in enumerate(names)}
    rows: dict[str, list[list[int]]] = {split: [] for split in Split}
    for each in sets:
        if each.split is not None:
            rows[each.split].append([row[name] for name in each.categories])
    codes = codes_of(facts, [{"category": name} for name in names])
    return Source(
        CATEGORIES, eyes.from_attributes_only(codes), np.arange(len(names)), np.arange(len(names)), rows
    )


def _categories(sets: Sequence[CategorySet]) -> set[str]:
    return {name for each in sets for name in each.categories}


def _train(source: Source) -> list[list[int]]:
    return source.rows[Split.TRAIN]


def _numbered(names: Sequence[str]) -> tuple[list[str], NDArray[np.int64]]:
    distinct = sorted(set(names))
    number = {name: index for index, name in enumerate(distinct)}
    return distinct, np.array([number[name] for name in names], np.int64)


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
