"""Reads the training and test data of outfit networks: one table of items, and the sets of three sources.

- `outfits`: sets of catalogue items, by experts or taken from clicks;
- `worn`: pieces of one street photo, which no catalogue knows;
- `categories`: sets of which only the kinds of their pieces are known.

N = items, S = sets, P = places
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from atelier.datasets.catalogue import Catalogue
from atelier.errors import TrainingError
from atelier.families.outfit.config import OutfitPreset
from atelier.families.outfit.image_tower import FILES as TOWER_SOURCE_FILES
from atelier.families.outfit.material import (
    CATEGORIES,
    OUTFITS,
    WORN,
    EndToEndMaterial,
    SetMaterial,
    Source,
)
from atelier.families.outfit.table import ItemTable, codes_of
from atelier.jobs.outfit.clicks import Clicked, judged_by
from atelier.jobs.outfit.pictures import pictures_of
from atelier.jobs.outfit.street_crops import Worn, worn_in
from atelier.jobs.retrieval.embedder import CatalogueEmbedder, catalogue_embedder, fact_values
from atelier.lifecycle.context import Context
from atelier.settings import Settings
from atelier.vocabulary import CategorySet, Item, Maker, Outfit, Split

_MIN_SETS = 32


def material(context: Context[OutfitPreset], role: str) -> SetMaterial | EndToEndMaterial:
    """Read the current sets as a stage is trained on them; with pictures for the image tower.

    RegistryError: no retrieval champion sees the items. TrainingError: there are too few sets.
    """
    embedder = context.once(catalogue_embedder)
    sets = load_sets(context.settings, embedder.catalogue, embedder, context.data_version, context.progress)
    if role != "end_to_end":
        return sets
    files = {
        name: np.frombuffer((embedder.model_dir / name).read_bytes(), np.uint8) for name in TOWER_SOURCE_FILES
    }
    return EndToEndMaterial(sets, pictures_of(sets, embedder, progress=context.progress), files)


def load_sets(
    settings: Settings,
    catalogue: Catalogue,
    embedder: CatalogueEmbedder,
    data_version: str,
    progress: bool,
    facts: Mapping[str, tuple[str, ...]] | None = None,
) -> SetMaterial:
    """Read a data version's sets as training needs them; `facts`: the attributes that a trained model knows.

    TrainingError: there are too few to learn from.
    """
    facts = facts or fact_values(catalogue.items(), _categories(catalogue.category_sets()))
    sources = [
        outfit_source(catalogue, embedder, facts, progress),
        worn_source(worn_in(settings, catalogue, data_version, progress=progress), facts, embedder),
        category_source(catalogue.category_sets(), facts, embedder),
    ]
    sources = [source for source in sources if any(source.rows.values())]
    num = sum(len(source.rows[Split.TRAIN]) for source in sources)
    if num < _MIN_SETS:
        raise TrainingError(
            f"data version {data_version[:8]} has {num} sets to learn what goes together from (expected at "
            f"least {_MIN_SETS}). Ingest a drop with outfits first: `atelier ingest DIR`"
        )
    return SetMaterial(facts, tuple(sources), embedder.contract.digest)


def num_sets(catalogue: Catalogue) -> int:
    """Count the training sets that a data version may have, without reading a picture."""
    streets = {photo.photo_id for photo in catalogue.photos(split=Split.TRAIN)}
    worn = {r.photo_id for r in catalogue.regions() if r.mask_value is not None} & streets
    return len(worn) + len(catalogue.outfits(Split.TRAIN)) + len(catalogue.category_sets(Split.TRAIN))


def why_no_outfits(context: Context[OutfitPreset]) -> str | None:
    """Return why the workspace's data cannot train an outfit model; None where it can."""
    num = num_sets(Catalogue.open(context.settings.data_dir))
    if num < _MIN_SETS:
        return f"the data has {num} sets to learn what goes together from, expected at least {_MIN_SETS}"
    return None


def outfit_source(
    catalogue: Catalogue, embedder: CatalogueEmbedder, facts: Mapping[str, tuple[str, ...]], progress: bool
) -> Source:
    """Collect the outfits of catalogue items. Negatives of an item are others of its category."""
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
    table = embedder.table(items, facts, progress=progress)
    return Source(
        OUTFITS, table, kind_N, np.arange(len(items)), rows, frozenset(disliked), [i.item_id for i in items]
    )


def _says_something(outfit: Outfit, clicked: Clicked) -> bool:
    """Test whether an outfit is used: as a positive, as a negative, or as a question.

    A generator must not be taught, or judged, by what it made itself, unless users judged that.
    """
    if outfit.split == Split.TRAIN and outfit.outfit_id in clicked.well | clicked.badly:
        return True
    return outfit.made_by != Maker.GENERATOR and outfit.outfit_id not in clicked.badly


def worn_source(worn: Worn, facts: Mapping[str, tuple[str, ...]], embedder: CatalogueEmbedder) -> Source:
    """Collect the pieces of street photos, by their palettes alone. Negatives have the same label in other
    photos.
    """
    photos, photo_N = _numbered(worn.photo_N)
    _, kind_N = _numbered(worn.label_N)
    rows: dict[str, list[list[int]]] = {split: [] for split in Split}
    for photo in range(len(photos)):
        pieces = np.flatnonzero(photo_N == photo)
        if len(pieces) >= 2:
            rows[worn.split_N[pieces[0]]].append(pieces.tolist())
    bare = embedder.from_attributes_only(codes_of(facts, [{} for _ in worn.photo_N]))
    items = ItemTable(bare.image_NI, bare.title_NT, worn.colour_NC, bare.codes_NF)
    return Source(WORN, items, kind_N, photo_N, rows)


def category_source(
    sets: Sequence[CategorySet], facts: Mapping[str, tuple[str, ...]], embedder: CatalogueEmbedder
) -> Source:
    """Collect the sets of categories: each category is an item without other attributes."""
    names = sorted(_categories(sets))
    row = {name: number for number, name in enumerate(names)}
    rows: dict[str, list[list[int]]] = {split: [] for split in Split}
    for each in sets:
        if each.split is not None:
            rows[each.split].append([row[name] for name in each.categories])
    codes = codes_of(facts, [{"category": name} for name in names])
    return Source(
        CATEGORIES, embedder.from_attributes_only(codes), np.arange(len(names)), np.arange(len(names)), rows
    )


def _categories(sets: Sequence[CategorySet]) -> set[str]:
    return {name for each in sets for name in each.categories}


def _numbered(names: Sequence[str]) -> tuple[list[str], NDArray[np.int64]]:
    distinct = sorted(set(names))
    number = {name: index for index, name in enumerate(distinct)}
    return distinct, np.array([number[name] for name in names], np.int64)
