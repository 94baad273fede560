"""Own feeds are evidence for the ranker that made them, and for its challenger."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from ranker_workspace import Workspace, with_clicks

from atelier.delivery.feed_log import FeedLog, one_a_day, read_feeds
from atelier.delivery.sets import SetTable, read_histories
from atelier.families.ranking.export import export_network
from atelier.families.ranking.model import RankingNetwork
from atelier.families.ranking.presets import debug
from atelier.families.ranking.training import RankingMaterial
from atelier.jobs.ranking.champion import ranker_in
from atelier.jobs.ranking.feeds import judge_feeds, log_of
from atelier.jobs.retrieval.embedder import champion_embedder
from atelier.serving.feed import FeedMaker
from atelier.settings import Settings
from atelier.vocabulary import Click


@pytest.fixture(scope="module")
def workspace(ranking_dir: Path) -> Workspace:
    return Workspace.at(ranking_dir)


def test_own_feeds_are_evidence_for_the_ranker_that_made_them(workspace: Workspace, tmp_path: Path) -> None:
    material, folder = workspace.material(), workspace.release_dir
    ranker = ranker_in(folder)
    table, histories = SetTable.read(folder / "sets.parquet"), read_histories(folder / "histories.parquet")
    maker = FeedMaker(ranker, table, histories, "release-1", FeedLog(tmp_path))
    clicked = {}
    for user in material.user_ids:
        maker.feed(user, "2026-02-01", num=4)
        for shown in maker.feed(user, "2026-02-01", num=8)[:6]:
            clicked[user, "2026-02-01", shown.outfit_id] = shown.place == 0
    feeds = one_a_day(read_feeds(tmp_path))
    assert [len(feed.shown) for feed in feeds] == [8] * len(material.user_ids)
    log = log_of(feeds, tmp_path, clicked, ranker, material)
    assert log is not None
    assert len(log.clicked_N) == 6 * len(material.user_ids), "places that nobody saw are left out"
    assert log.weights == pytest.approx(np.ones(len(log.clicked_N)), rel=1e-4)
    assert log_of(feeds, tmp_path, {}, ranker, material) is None


def test_a_ranker_goes_out_that_would_have_shown_what_was_clicked(
    workspace: Workspace, tmp_path: Path
) -> None:
    """Feeds of five days; a click comes where the challenger's popularity is high, whoever the user is."""
    settings, shown_by = Settings(home=tmp_path), workspace.release_dir
    champion, material = ranker_in(shown_by), workspace.material()
    challenger_dir = tmp_path / "challenger"
    popular_S = _write_opinionated(challenger_dir, material)
    table = SetTable.read(shown_by / "sets.parquet")
    maker = FeedMaker(champion, table, {}, "release-1", FeedLog(settings.feeds_dir))
    clicks = [
        Click(
            *(f"{user}-{day}-{shown.place}", user, shown.outfit_id),
            clicked=bool(popular_S[table.row_of[shown.outfit_id]] > np.quantile(popular_S, 0.6)),
            source="feed",
            shown_at=f"{day}T12:{shown.place:02d}:00Z",
            propensity=shown.propensity,
        )
        for day in (f"2027-02-0{number}" for number in range(1, 6))
        for user in material.user_ids
        for shown in maker.feed(user, day, num=8)
    ]
    catalogue = with_clicks(workspace.catalogue, [*workspace.catalogue.clicks(), *clicks])
    digest = champion.contract.digest
    with champion_embedder(workspace.settings) as eyes:
        same = judge_feeds(settings, catalogue, eyes, "same", shown_by, digest, progress=False)
        better = judge_feeds(settings, catalogue, eyes, "new", challenger_dir, digest, progress=False)
        other = judge_feeds(settings, catalogue, eyes, "new", challenger_dir, "another", progress=False)
    assert other is None, "nobody was shown feeds of that ranker"
    assert same is not None
    assert (same.enough, same.release) == (True, False)
    assert same.support.mean_weight == pytest.approx(1, abs=1e-4)
    assert better is not None
    assert better.release, better.reason
    num_test = round(0.15 * len(catalogue.clicks()))
    assert better.support.num_showings == pytest.approx(num_test, abs=len(material.user_ids))


def _write_opinionated(folder: Path, material: RankingMaterial) -> np.ndarray:
    """A ranker that likes some sets much better than others; its popularity [S] of each."""
    torch.manual_seed(1)
    preset = debug().for_items(material.description.items)
    network = RankingNetwork(preset.config.network)
    with torch.no_grad():
        network.sets.straight.weight[-1] *= 4
    export_network(network, folder, longest_history=10, vectors_digest="")
    material.description.write(folder)
    return ranker_in(folder).set_vectors(material.sets)[:, -2]
