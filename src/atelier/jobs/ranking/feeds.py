"""Estimates a new ranker's click rate on logged feeds.

A click belongs to a place when user, outfit and day (of `shown_at`, UTC) are the same. Places that no click
row speaks of were not seen and are left out; so are feeds of another ranker than the one in question, feeds
that changed during a day, and those whose candidates are not all in the catalogue any more.

N = places, K = places of one feed, S = sets
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from atelier.datasets.catalogue import Catalogue
from atelier.delivery.feed import Candidates, replay
from atelier.delivery.feed_log import LoggedFeed, Offered, one_a_day, read_feeds, read_offered
from atelier.delivery.off_policy import Log
from atelier.delivery.verdict import RankerVerdict, decide
from atelier.families.ranking.inference import OnnxRanker, scores
from atelier.families.ranking.training import Description, RankingMaterial
from atelier.jobs.ranking.champion import ranker_in
from atelier.jobs.ranking.material import material_as, moment
from atelier.jobs.retrieval.embedder import CatalogueEmbedder
from atelier.settings import Settings

Clicked = Mapping[tuple[str, str, str], bool]
"""User, day and outfit of each showing -> whether it was clicked."""


class _Places(NamedTuple):
    clicked_N: list[bool]
    logged_N: list[float]
    new_N: list[float]
    users_N: list[str]


def judge_feeds(
    settings: Settings,
    catalogue: Catalogue,
    embedder: CatalogueEmbedder,
    name: str,
    folder: Path,
    shown_by: str,
    *,
    progress: bool = True,
) -> RankerVerdict | None:
    """Decide whether the ranker in `folder` may replace the one whose contract's digest is `shown_by`.

    Judged by clicks of the test's days, which neither was trained on. None: fewer than two such places.
    """
    feeds = one_a_day(feed for feed in read_feeds(settings.feeds_dir) if feed.ranker == shown_by)
    if not feeds:
        return None
    ranker = ranker_in(folder)
    description = Description.read(folder, ranker.contract)
    material = material_as(catalogue, embedder, description, progress=progress)
    log = log_of(feeds, settings.feeds_dir, clicked_since(catalogue, material), ranker, material)
    return None if log is None else decide(name, log)


def clicked_since(catalogue: Catalogue, material: RankingMaterial) -> dict[tuple[str, str, str], bool]:
    """Collect the showings of the test's days: user, day and outfit, and whether any of them was clicked."""
    found: dict[tuple[str, str, str], bool] = {}
    for click in catalogue.clicks():
        if click.shown_at is not None and moment(click) >= material.test_begins:
            key = (click.user_id, moment(click).date().isoformat(), click.outfit_id)
            found[key] = found.get(key, False) or click.clicked
    return found


def log_of(
    feeds: list[LoggedFeed], folder: Path, clicked: Clicked, ranker: OnnxRanker, material: RankingMaterial
) -> Log | None:
    """List places with the probability of each under both rankers; None where there are fewer than two."""
    row_of = {outfit.outfit_id: row for row, outfit in enumerate(material.outfits)}
    sets_SE = ranker.set_vectors(material.sets)
    offered: dict[str, Offered | None] = {}
    places = _Places([], [], [], [])
    for feed in feeds:
        seen = [clicked.get((feed.user_id, feed.day, each.outfit_id)) for each in feed.shown]
        if not any(each is not None for each in seen):
            continue
        if feed.candidates not in offered:
            offered[feed.candidates] = read_offered(folder, feed.candidates)
        candidates = offered[feed.candidates]
        if candidates is None or not row_of.keys() >= set(candidates.outfit_ids):
            continue
        new_K = _replayed(feed, candidates, ranker, material, sets_SE, row_of)
        for shown, was_clicked, new in zip(feed.shown, seen, new_K, strict=True):
            if was_clicked is not None:
                places.clicked_N.append(was_clicked)
                places.logged_N.append(shown.propensity)
                places.new_N.append(float(new))
                places.users_N.append(feed.user_id)
    if len(places.clicked_N) < 2:
        return None
    return Log(
        np.array(places.clicked_N, np.float64),
        np.array(places.logged_N),
        np.array(places.new_N).clip(0, 1),
        places.users_N,
    )


def _replayed(
    feed: LoggedFeed,
    offered: Offered,
    ranker: OnnxRanker,
    material: RankingMaterial,
    sets_SE: NDArray[np.float32],
    row_of: Mapping[str, int],
) -> NDArray[np.float64]:
    """Compute the new ranker's probability [K] of each place, under the policy of the logged feed."""
    history = [row_of[outfit_id] for outfit_id in feed.history if outfit_id in row_of]
    user_1E = ranker.user_vectors(material.sets.summaries, [feed.user_id], [history])
    rows = [row_of[outfit_id] for outfit_id in offered.outfit_ids]
    score_S = scores(user_1E, sets_SE[rows])[0]
    candidates = Candidates(offered.outfit_ids, score_S, offered.num_showings_N, offered.generated_N)
    return replay(candidates, [each.outfit_id for each in feed.shown], feed.config).propensity_K
