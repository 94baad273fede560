"""Lists the files of the ranker that a release takes: networks, the sets on offer, and users' histories."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from atelier.delivery.sets import HISTORIES_FILE, SETS_FILE, SetTable, write_histories
from atelier.families.ranking.inference import CONTRACT_FILE, SET_FILE, USER_FILE, VALUES_FILE
from atelier.families.ranking.training import Description
from atelier.jobs.ranking.champion import ranker_in
from atelier.jobs.ranking.material import latest_clicks, sets_of
from atelier.jobs.retrieval.embedder import CatalogueEmbedder, catalogue_embedder
from atelier.lifecycle.context import Context
from atelier.release.withdrawals import withdrawals
from atelier.vocabulary import Click, Item, Maker, Outfit

MODEL_FILES = (USER_FILE, SET_FILE, CONTRACT_FILE, VALUES_FILE)
"""Files of a ranker that a release takes."""


def release_files(context: Context[Any], model: Path, items: Sequence[Item]) -> Mapping[str, Path]:
    """List the ranker's files; write the sets on offer and the users' last clicks.

    Sets with an item that was withdrawn are left out altogether; those with a piece that is sold out are
    kept for histories, and are not on offer.
    """
    del items  # sets may have pieces without a picture, which no index holds
    embedder = context.once(catalogue_embedder)
    catalogue, withdrawn = embedder.catalogue, withdrawals(context.settings)
    known = {item.item_id: item for item in catalogue.items() if item.item_id not in withdrawn}
    outfits = [each for each in catalogue.outfits() if known.keys() >= set(each.item_ids)]
    clicks = catalogue.clicks()
    table = set_table(outfits, known, clicks, embedder, model, progress=context.progress)
    table.write(context.folder / SETS_FILE)
    longest = ranker_in(model).contract.longest_history
    shown = [click for click in clicks if click.outfit_id in table.row_of]
    write_histories(context.folder / HISTORIES_FILE, latest_clicks(shown, longest))
    made = {name: context.folder / name for name in (SETS_FILE, HISTORIES_FILE)}
    return {**made, **{name: model / name for name in MODEL_FILES}}


def set_table(
    outfits: Sequence[Outfit],
    items: dict[str, Item],
    clicks: Sequence[Click],
    embedder: CatalogueEmbedder,
    folder: Path,
    *,
    progress: bool = True,
) -> SetTable:
    """Describe outfits by row, with the vectors of the ranker in `folder`."""
    ranker = ranker_in(folder)
    named = {item_id for outfit in outfits for item_id in outfit.item_ids}
    pieces = [item for item_id, item in items.items() if item_id in named]
    description = Description.read(folder, ranker.contract)
    sets = sets_of(pieces, outfits, embedder, description, progress=progress)
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
