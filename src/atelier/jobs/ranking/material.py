"""Reads the training and test data of a ranker: sets, and clicks in the order of time.

The last showings are the test, those before them validation: a ranker is asked about days that it has not
seen, as it will be. A click whose propensity was not logged tells what its user likes, so it is part of later
histories, and nothing else. Items that a click names as its history (`Click.history`) are not read: a user is
known by sets.

N = showings, S = sets, H = history
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from atelier.datasets.catalogue import Catalogue
from atelier.errors import TooLittleDataError
from atelier.families.ranking.config import ItemConfig, RankingPreset
from atelier.families.ranking.sets import Sets, bucket_of, price_scale
from atelier.families.ranking.showings import Showings, earlier_clicks
from atelier.families.ranking.training import Description, RankingMaterial
from atelier.jobs.retrieval.embedder import CatalogueEmbedder, catalogue_embedder, codes_in, fact_values
from atelier.lifecycle.context import Context
from atelier.vocabulary import Click, Item, Outfit, Split

TEST_SHARE, VALIDATION_SHARE = 0.15, 0.10
_MIN_SHOWINGS, _MIN_CLICKS = 64, 8
"""Of the training part."""
_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


def material(context: Context[RankingPreset], role: str) -> RankingMaterial:
    """Read the current clicks as the preset's ranker is trained on them.

    TooLittleDataError: there are too few clicks. RegistryError: no retrieval champion sees the items.
    """
    del role  # there is one stage
    embedder = context.once(catalogue_embedder)
    return material_for(embedder.catalogue, embedder, context.preset, progress=context.progress)


def why_no_clicks(context: Context[RankingPreset]) -> str | None:
    """Return why the workspace's data cannot train a ranker; None where it seems to be enough."""
    catalogue = Catalogue.open(context.settings.data_dir)
    try:
        _require_clicks(catalogue.outfits(), catalogue.clicks())
    except TooLittleDataError as error:
        return str(error)
    return None


def material_for(
    catalogue: Catalogue, embedder: CatalogueEmbedder, preset: RankingPreset, *, progress: bool = True
) -> RankingMaterial:
    """Read the training data of the preset's ranker. TooLittleDataError: there are too few clicks."""
    outfits, clicks = catalogue.outfits(), catalogue.clicks()
    _require_clicks(outfits, clicks)
    items = _items_in(catalogue, outfits)
    values = fact_values(items)
    scale = price_scale(_prices(items))
    config = ItemConfig(
        embedder.contract.relevance_dimension, {fact: len(known) for fact, known in values.items()}, *scale
    )
    buckets = preset.config.network.num_buckets
    description = Description(values, config, preset.longest_history, buckets)
    material = material_as(catalogue, embedder, description, progress=progress)
    train = material.parts[Split.TRAIN]
    num_clicks = int(train.clicked_N.sum())
    if len(train) < _MIN_SHOWINGS or num_clicks < _MIN_CLICKS:
        raise TooLittleDataError(
            f"a ranker needs at least {_MIN_SHOWINGS} showings with a logged propensity to train on and "
            f"{_MIN_CLICKS} clicks among them; there are {len(train)} with {num_clicks} "
            f"({material.num_unlogged:,} more have no propensity). Ingest more clicks"
        )
    return material


def material_as(
    catalogue: Catalogue, embedder: CatalogueEmbedder, description: Description, *, progress: bool = True
) -> RankingMaterial:
    """Read the same data with the description that an existing ranker has."""
    outfits = catalogue.outfits()
    sets = sets_of(_items_in(catalogue, outfits), outfits, embedder, description, progress=progress)
    clicks = in_time(catalogue.clicks())
    row_of = {outfit.outfit_id: row for row, outfit in enumerate(outfits)}
    clicks = [click for click in clicks if click.outfit_id in row_of]
    shown, user_ids = _showings(clicks, row_of, description)
    logged = [click for click in clicks if click.propensity is not None]
    first_test, first_validation = _cuts(len(logged))
    number = np.arange(len(logged))
    parts = {
        Split.TRAIN: shown.take(number[:first_validation]),
        Split.VALIDATION: shown.take(number[first_validation:first_test]),
        Split.TEST: shown.take(number[first_test:]),
    }
    begins = moment(logged[first_test]) if first_test < len(logged) else _BEFORE_ALL
    return RankingMaterial(
        description,
        tuple(outfits),
        sets,
        parts,
        user_ids,
        begins,
        len(clicks) - len(logged),
        embedder.contract.digest,
    )


def sets_of(
    items: Sequence[Item],
    outfits: Sequence[Outfit],
    embedder: CatalogueEmbedder,
    description: Description,
    *,
    progress: bool = True,
) -> Sets:
    """Describe outfits of these items for a ranker."""
    row_of = {item.item_id: row for row, item in enumerate(items)}
    rows_SP = np.full((len(outfits), max((len(each.item_ids) for each in outfits), default=1)), -1, np.int64)
    for number, outfit in enumerate(outfits):
        rows_SP[number, : len(outfit.item_ids)] = [row_of[item_id] for item_id in outfit.item_ids]
    return Sets(
        description.items,
        embedder.images(items, progress=progress),
        codes_in(items, description.values),
        _prices(items),
        rows_SP,
    )


def in_time(clicks: Sequence[Click]) -> list[Click]:
    """Sort by time, earliest first; clicks without a time come first."""
    return sorted(clicks, key=lambda click: (moment(click), click.click_id))


def moment(click: Click) -> datetime:
    return datetime.fromisoformat(click.shown_at) if click.shown_at else _BEFORE_ALL


def latest_clicks(clicks: Sequence[Click], longest: int) -> dict[str, list[str]]:
    """Map each user id to the last `longest` outfits that the user clicked, latest first."""
    found: dict[str, list[str]] = {}
    for click in reversed(in_time(clicks)):
        if click.clicked:
            own = found.setdefault(click.user_id, [])
            if len(own) < longest:
                own.append(click.outfit_id)
    return found


def _showings(
    clicks: Sequence[Click], row_of: Mapping[str, int], description: Description
) -> tuple[Showings, tuple[str, ...]]:
    """Select those with a propensity, in the order given, and the ids of the users. Histories are of all."""
    user_ids = tuple(sorted({click.user_id for click in clicks}))
    number_of = {user_id: number for number, user_id in enumerate(user_ids)}
    user_N = np.array([number_of[click.user_id] for click in clicks], np.int64)
    set_N = np.array([row_of[click.outfit_id] for click in clicks], np.int64)
    clicked_N = np.array([click.clicked for click in clicks], bool)
    history_NH = earlier_clicks(user_N, set_N, clicked_N, description.longest_history)
    known_N = (history_NH >= 0).sum(1)
    bucket_N = np.array(
        [
            bucket_of(click.user_id, int(known), description.num_buckets)
            for click, known in zip(clicks, known_N, strict=True)
        ],
        np.int64,
    )
    rows = np.array([row for row, click in enumerate(clicks) if click.propensity is not None], np.int64)
    propensity_N = np.array(
        [click.propensity for click in clicks if click.propensity is not None], np.float32
    )
    columns = (each[rows] for each in (set_N, user_N, history_NH, bucket_N, clicked_N))
    return Showings(*columns, propensity_N), user_ids


def _cuts(num: int) -> tuple[int, int]:
    """Find the first showing of the test and of validation."""
    return num - round(TEST_SHARE * num), num - round((TEST_SHARE + VALIDATION_SHARE) * num)


def _items_in(catalogue: Catalogue, outfits: Sequence[Outfit]) -> list[Item]:
    """Collect the items of outfits."""
    named = {item_id for outfit in outfits for item_id in outfit.item_ids}
    return [item for item in catalogue.items() if item.item_id in named]


def _prices(items: Sequence[Item]) -> NDArray[np.float32]:
    return np.array([np.nan if item.price is None else item.price for item in items], np.float32)


def _require_clicks(outfits: Sequence[Outfit], clicks: Sequence[Click]) -> None:
    """Check the number of clicks before anything is embedded."""
    count = Counter(click.propensity is not None for click in clicks)
    if not outfits or not count[True]:
        raise TooLittleDataError(
            f"a ranker learns from showings of outfits whose propensity was logged, and there are none: "
            f"{len(outfits):,} outfits, {count[False]:,} showings without a propensity. Ingest clicks with "
            f"the column `propensity`, the probability with which each outfit was shown"
        )
