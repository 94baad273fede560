"""Embeds catalogue items with the retrieval champion: pictures, titles, palettes and attributes.

N = items
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from atelier.datasets.catalogue import Catalogue
from atelier.families.outfit.colours import DIMENSION
from atelier.families.outfit.inference import TOWER_CONTRACT_FILE, TOWER_FILE
from atelier.families.outfit.table import FACTS, ItemTable, codes_of
from atelier.families.retrieval.inference import (
    CONTRACT_FILE,
    MODEL_FILE,
    TEXT_FILE,
    EmbeddingContract,
    Encoder,
    TextEncoder,
)
from atelier.families.retrieval.tokens import token_ids
from atelier.index.build import kept_relevance
from atelier.index.schema import IndexItem
from atelier.jobs.retrieval.champion import FAMILY
from atelier.jobs.retrieval.gallery_items import GalleryItems
from atelier.jobs.retrieval.palettes import PaletteStore
from atelier.lifecycle.context import Context, open_context
from atelier.settings import Settings
from atelier.vocabulary import Item

_TITLES_AT_ONCE = 1024


class CatalogueEmbedder:
    """The retrieval model whose item vectors outfits are trained on, with the items' attributes."""

    def __init__(self, settings: Settings, model_dir: Path, catalogue: Catalogue | None = None) -> None:
        """`model_dir`: files of a version or a release. `catalogue`: the workspace's by default.

        DigestError, EmbeddingContractError: see `Encoder`.
        """
        self.model_dir = model_dir
        self.catalogue = catalogue or Catalogue.open(settings.data_dir)
        self.contract = EmbeddingContract.from_json((model_dir / CONTRACT_FILE).read_bytes())
        self.tower_contract = self.contract
        """Of `encoder`: another one's where an outfit model has its own tower."""
        self.encoder = Encoder(model_dir / MODEL_FILE, self.contract, settings.serve_threads)
        self._text = TextEncoder(model_dir / TEXT_FILE, self.contract)
        self._settings = settings
        self._palettes = PaletteStore(settings.stores_dir / "palettes")

    def with_image_tower(self, outfit_dir: Path) -> CatalogueEmbedder:
        """Return the same embedder with an outfit model's own image tower, if its folder has one."""
        if not (outfit_dir / TOWER_FILE).is_file():
            return self
        other = copy.copy(self)
        other.tower_contract = EmbeddingContract.from_json((outfit_dir / TOWER_CONTRACT_FILE).read_bytes())
        threads = self._settings.serve_threads
        other.encoder = Encoder(outfit_dir / TOWER_FILE, other.tower_contract, threads)
        other.__dict__.pop("gallery", None)
        return other

    @cached_property
    def gallery(self) -> GalleryItems:
        """The catalogue's items and their pictures."""
        return GalleryItems(self._settings, self.encoder, self.catalogue)

    def table(
        self, items: Sequence[Item], facts: Mapping[str, tuple[str, ...]], *, progress: bool = True
    ) -> ItemTable:
        """Return the inputs of catalogue items, those without a picture included."""
        shown, named = self._pictures(items)
        colour_NC = np.zeros((len(items), DIMENSION), np.float32)
        if shown:
            colour_NC[shown] = self._palettes.of(named, self.gallery.read, progress=progress)
        titles_NT = self.titles([item.title for item in items])
        return ItemTable(self.images(items, progress=progress), titles_NT, colour_NC, codes_in(items, facts))

    def images(self, items: Sequence[Item], *, progress: bool = True) -> NDArray[np.float32]:
        """Compute relevance vectors of the items' pictures; zeros for an item without one."""
        found = np.zeros((len(items), self.contract.relevance_dimension), np.float32)
        shown, named = self._pictures(items)
        if shown:
            rows = [IndexItem(items[row], picture) for row, picture in zip(shown, named, strict=True)]
            found[shown] = kept_relevance(
                self._settings, rows, self.gallery.embed, self.tower_contract.space_json(), progress=progress
            )
        return found

    def titles(self, titles: Sequence[str]) -> NDArray[np.float32]:
        """Compute vectors of titles; zeros for a title without a known word."""
        found = np.zeros((len(titles), self.contract.relevance_dimension), np.float32)
        readable = np.flatnonzero(token_ids(titles, self.contract.num_buckets).any(1))
        for start in range(0, len(readable), _TITLES_AT_ONCE):
            rows = readable[start : start + _TITLES_AT_ONCE]
            found[rows] = self._text.encode([titles[row] for row in rows]).relevance
        return found

    def from_attributes_only(self, codes_NF: NDArray[np.int64]) -> ItemTable:
        """Return a table of items that have attributes and neither picture nor title."""
        num, width = len(codes_NF), self.contract.relevance_dimension
        image_NI, title_NT = np.zeros((num, width), np.float32), np.zeros((num, width), np.float32)
        return ItemTable(image_NI, title_NT, np.zeros((num, DIMENSION), np.float32), codes_NF)

    def _pictures(self, items: Sequence[Item]) -> tuple[list[int], list[str]]:
        """Which of the items have a picture, and the digests of these."""
        picture_of = self.gallery.picture_of
        shown = [row for row, item in enumerate(items) if item.item_id in picture_of]
        return shown, [picture_of[items[row].item_id] for row in shown]


def catalogue_embedder(context: Context[Any]) -> CatalogueEmbedder:
    """Open the retrieval champion on the workspace's catalogue: `context.once(catalogue_embedder)`.

    RegistryError: there is no champion yet.
    """
    return CatalogueEmbedder(context.settings, context.needed(FAMILY).folder)


def embedding_space(context: Context[Any]) -> list[str]:
    """Return the digest of the champion's embedding contract, on which dependent models are trained."""
    return [context.once(catalogue_embedder).contract.digest]


@contextmanager
def champion_embedder(settings: Settings) -> Iterator[CatalogueEmbedder]:
    """Open the champion's embedder for the length of a block. RegistryError: there is no champion yet."""
    with open_context(settings, None) as context:
        yield catalogue_embedder(context)


def codes_in(items: Sequence[Item], facts: Mapping[str, tuple[str, ...]]) -> NDArray[np.int64]:
    """Return codes from 1 of the values of each item's attributes [N, F]; 0 for an unknown one."""
    return codes_of(facts, [{fact: getattr(item, fact) for fact in facts} for item in items])


def fact_values(items: Sequence[Item], categories: Iterable[str] = ()) -> dict[str, tuple[str, ...]]:
    """Collect the values of each attribute among items, sorted; `categories` adds those of sets without
    items.
    """
    values = {fact: {getattr(item, fact) for item in items} - {None} for fact in FACTS}
    values["category"] |= set(categories)
    return {fact: tuple(sorted(known)) for fact, known in values.items() if known}
