"""What a release takes of the ranker: its files, the sets it can show, and what users clicked before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np

from atelier.delivery.sets import HISTORIES_FILE, SETS_FILE, SetTable, write_histories
from atelier.families.ranking.inference import CONTRACT_FILE, SET_FILE, USER_FILE, VALUES_FILE
from atelier.jobs.ranking.champion import ranker_in
from atelier.jobs.ranking.material import Description, latest_clicks, sets_of
from atelier.jobs.retrieval.embedder import CatalogueEmbedder
from atelier.registry.models import ModelVersion
from atelier.registry.store import Registry
from atelier.vocabulary import Click, Item, Maker, Outfit

RANKER_FILES = (USER_FILE, SET_FILE, CONTRACT_FILE, VALUES_FILE, SETS_FILE, HISTORIES_FILE)
"""What a release takes of a ranker, and what is made with it."""


def ranker_files(
    registry: Registry,
    champion: ModelVersion,
    eyes: CatalogueEmbedder,
    folder: Path,
    *,
    withdrawn: Collection[str] = (),
    progress: bool = True,
) -> dict[str, Path]:
    """Fetch a champion into `folder` and describe all sets for it; return its files by name.

    `champion`: see `champion_ranker`. `eyes`: the retrieval version that goes out with it.
    Sets with one of the `withdrawn` items are left out altogether; those with a piece that is sold out are
    kept for histories, and are not on offer.
    """
    catalogue = eyes.catalogue
    registry.fetch(champion, folder)
    items = {item.item_id: item for item in catalogue.items() if item.item_id not in withdrawn}
    outfits = [each for each in catalogue.outfits() if items.keys() >= set(each.item_ids)]
    clicks = catalogue.clicks()
    table = set_table(outfits, items, clicks, eyes, folder, progress=progress)
    table.write(folder / SETS_FILE)
    longest = ranker_in(folder).contract.longest_history
    known = [click for click in clicks if click.outfit_id in table.row_of]
    write_histories(folder / HISTORIES_FILE, latest_clicks(known, longest))
    return {name: folder / name for name in RANKER_FILES}


def set_table(
    outfits: Sequence[Outfit],
    items: dict[str, Item],
    clicks: Sequence[Click],
    eyes: CatalogueEmbedder,
    folder: Path,
    *,
    progress: bool = True,
) -> SetTable:
    """Outfits by row, with what the ranker in `folder` makes of them."""
    ranker = ranker_in(folder)
    named = {item_id for outfit in outfits for item_id in outfit.item_ids}
    pieces = [item for item_id, item in items.items() if item_id in named]
    description = Description.read(folder, ranker.contract)
    sets = sets_of(pieces, outfits, eyes, description, progress=progress)
    shown = Counter(click.outfit_id for click in clicks)
    of_set = [[items[item_id] for item_id in outfit.item_ids] for outfit in outfits]
    return SetTable(
        ranker=ranker.contract.digest,
        outfit_ids=tuple(outfit.outfit_id for outfit in outfits),
        item_ids=tuple(outfit.item_ids for outfit in outfits),
        made_by=tuple(outfit.made_by or Maker.EXPERT for outfit in outfits),
        on_offer_S=np.array([all(item.stock != 0 for item in own) for own in of_set], bool),
        price_S=np.array([_price(own) for own in of_set], np.float64),
        num_showings_S=np.array([shown[outfit.outfit_id] for outfit in outfits], np.int64),
        vectors_SE=ranker.set_vectors(sets),
        summaries_SW=sets.summaries,
    )


def _price(items: Sequence[Item]) -> float:
    return sum(np.nan if item.price is None else item.price for item in items)
