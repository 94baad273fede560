"""The ranker's path on a small simulated drop: trained, examined, judged, released, judged by its feeds.

One workspace serves all tests of this file: making it takes most of their time. Its retrieval champion sees
mean colours alone, which is enough to tell sets apart.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from family_runs import Judged, train_and_judge, why_unavailable
from publish_world import accept_catalogue, crown, write_student

from atelier.datasets import tables
from atelier.datasets.catalogue import Catalogue
from atelier.delivery.feed_log import FeedLog, one_a_day, read_feeds
from atelier.delivery.sets import SetTable, read_histories
from atelier.errors import TooLittleDataError, TrainingError
from atelier.families.ranking.export import export_network
from atelier.families.ranking.model import RankingNetwork
from atelier.families.ranking.presets import debug
from atelier.families.ranking.training import Description, RankingMaterial
from atelier.jobs.data.ingest import ingest
from atelier.jobs.ranking.champion import ranker_in
from atelier.jobs.ranking.examine import RankerAnswers, answers, by_user, loss_difference, popularity
from atelier.jobs.ranking.family import RANKING
from atelier.jobs.ranking.feeds import judge_feeds, log_of
from atelier.jobs.ranking.gate import compare
from atelier.jobs.ranking.material import (
    in_time,
    latest_clicks,
    material_as,
    material_for,
    moment,
)
from atelier.jobs.retrieval.embedder import champion_embedder
from atelier.lifecycle.context import open_context
from atelier.registry.models import ModelVersion
from atelier.registry.store import open_registry
from atelier.release.withdrawals import record
from atelier.serving.feed import FeedMaker
from atelier.settings import Settings
from atelier.simulate.drop import simulate
from atelier.vocabulary import Click, Split


@dataclass(frozen=True)
class Workspace:
    """A home in which the ranker's path has run once."""

    settings: Settings
    catalogue: Catalogue
    judged: Judged
    files: dict[str, Path]
    """What a release takes."""

    def material(self) -> RankingMaterial:
        with champion_embedder(self.settings) as eyes:
            return material_for(self.catalogue, eyes, debug(), progress=False)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("ranker")
    settings = Settings(home=folder / "home", serve_threads=1)
    simulate(folder / "drop", 100, seed=5, processes=1, progress=False)
    ingest(settings, folder / "drop", progress=False)
    crown(settings, folder / "model")
    judged = train_and_judge(settings, RANKING)
    files = files_of_release(settings, folder / "release")
    return Workspace(settings, Catalogue.open(settings.data_dir), judged, files)


def champion_of(settings: Settings) -> ModelVersion:
    champion = open_registry(settings).version("ranking", "champion")
    assert champion is not None
    return champion


def files_of_release(settings: Settings, folder: Path) -> dict[str, Path]:
    """The files that a release would take, copied into a folder that stays."""
    folder.mkdir()
    with open_context(settings, None, progress=False) as context:
        files = RANKING.release_files(context, context.needed("ranking").folder, [])
        return {name: Path(shutil.copy(path, folder / name)) for name, path in files.items()}


def test_the_first_ranker_is_registered_and_becomes_the_champion(workspace: Workspace) -> None:
    assert workspace.judged.verdict.promoted, workspace.judged.verdict.reason
    champion = champion_of(workspace.settings)
    assert champion.aliases == ("candidate", "champion")
    assert champion.digests.keys() >= {"users.onnx", "sets.onnx", "ranking.json", "values.json", "card.md"}
    assert workspace.judged.candidate.metrics.keys() >= {"test/log_loss", "popularity/log_loss"}


def test_asking_again_trains_examines_and_judges_nothing(workspace: Workspace) -> None:
    again = train_and_judge(workspace.settings, RANKING)
    assert (again.runs["ranker"].reused, again.candidate.reused) == (True, True)
    assert again.candidate.model_version == workspace.judged.candidate.model_version
    assert again.verdict.reason == "this ranking model is the champion already"


def test_parts_follow_each_other_in_time_and_none_is_lost(workspace: Workspace) -> None:
    material, clicks = workspace.material(), in_time(workspace.catalogue.clicks())
    sizes = [len(material.parts[split]) for split in (Split.TRAIN, Split.VALIDATION, Split.TEST)]
    assert sum(sizes) == len(clicks) == 200
    assert sizes[2] == 30
    assert sizes[1] == 20
    assert material.test_begins == moment(clicks[170])
    shown = material.parts[Split.TEST]
    last = clicks[-1]
    assert material.user_ids[shown.user_N[-1]] == last.user_id
    assert material.outfits[shown.set_N[-1]].outfit_id == last.outfit_id


def test_a_click_without_a_propensity_is_history_and_nothing_else(workspace: Workspace) -> None:
    clicks = in_time(workspace.catalogue.clicks())
    first = next(
        click
        for number, click in enumerate(clicks)
        if click.clicked and any(later.user_id == click.user_id for later in clicks[number + 1 :])
    )
    stripped = [replace(click, propensity=None) if click == first else click for click in clicks]
    with champion_embedder(workspace.settings) as eyes:
        before = workspace.material()
        after = material_as(
            _with_clicks(workspace.catalogue, stripped), eyes, before.description, progress=False
        )
    assert (before.num_unlogged, after.num_unlogged) == (0, 1)
    assert sum(map(len, after.parts.values())) == len(clicks) - 1
    row = [outfit.outfit_id for outfit in after.outfits].index(first.outfit_id)
    user = after.user_ids.index(first.user_id)
    knows = [
        row in history
        for shown in after.parts.values()
        for number, history in zip(shown.user_N, shown.history_NH.tolist(), strict=True)
        if number == user
    ]
    assert any(knows)


def test_too_few_clicks_are_counted_and_nothing_is_trained(workspace: Workspace) -> None:
    few = _with_clicks(workspace.catalogue, workspace.catalogue.clicks()[:40])
    none = _with_clicks(
        workspace.catalogue, [replace(click, propensity=None) for click in workspace.catalogue.clicks()]
    )
    with champion_embedder(workspace.settings) as eyes:
        with pytest.raises(TooLittleDataError, match=r"at least 64 showings .* there are 30 with"):
            material_for(few, eyes, debug(), progress=False)
        with pytest.raises(TooLittleDataError, match="200 showings without a propensity"):
            material_for(none, eyes, debug(), progress=False)


def test_without_a_retrieval_champion_there_is_no_ranker(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    accept_catalogue(settings, range(3))
    assert "no retrieval model has passed its gate" in str(why_unavailable(settings, RANKING))
    with pytest.raises(TrainingError, match="known presets: debug, demo"):
        RANKING.preset("huge")


def test_a_release_gets_every_set_with_the_vectors_of_its_ranker(workspace: Workspace) -> None:
    assert workspace.files.keys() == {
        *("users.onnx", "sets.onnx", "ranking.json", "values.json", "sets.parquet", "histories.parquet")
    }
    table = SetTable.read(workspace.files["sets.parquet"])
    ranker = ranker_in(workspace.files["sets.parquet"].parent)
    outfits, clicks = workspace.catalogue.outfits(), workspace.catalogue.clicks()
    assert table.ranker == ranker.contract.digest
    assert table.outfit_ids == tuple(outfit.outfit_id for outfit in outfits)
    assert table.num_showings_S.sum() == len(clicks)
    assert table.vectors_SE == pytest.approx(ranker.set_vectors(workspace.material().sets), abs=1e-6)
    price_of = {item.item_id: item.price for item in workspace.catalogue.items()}
    prices = [sum(price_of[item_id] or np.nan for item_id in outfit.item_ids) for outfit in outfits]
    assert table.price_S == pytest.approx(np.array(prices), nan_ok=True)
    histories = read_histories(workspace.files["histories.parquet"])
    assert histories == {user: tuple(ids) for user, ids in latest_clicks(clicks, 10).items()}


def test_withdrawn_and_sold_out_pieces_are_not_on_offer(workspace: Workspace, tmp_path: Path) -> None:
    settings, taken = workspace.settings, workspace.catalogue.outfits()[0].item_ids[0]
    record(settings, [taken], "recalled", withdrawn=True)
    files = files_of_release(settings, tmp_path / "release")
    record(settings, [taken], "a mistake", withdrawn=False)
    table = SetTable.read(files["sets.parquet"])
    assert all(taken not in items for items in table.item_ids)
    sold_out = {item.item_id for item in workspace.catalogue.items() if item.stock == 0}
    assert table.on_offer_S.tolist() == [sold_out.isdisjoint(items) for items in table.item_ids]


def test_a_ranker_for_other_vectors_stays_behind(workspace: Workspace, tmp_path: Path) -> None:
    settings, champion = workspace.settings, champion_of(workspace.settings)
    with open_context(settings, None) as context:
        assert RANKING.fits(context, champion)
        (tmp_path / "other").mkdir()
        contract = write_student(tmp_path / "other" / "student.onnx", scale=2.0)
        (tmp_path / "other" / "contract.json").write_text(contract.to_json())
    assert champion.tags["space"] != contract.digest
    crown(settings, tmp_path / "crowned", scale=2.0)
    try:
        with open_context(settings, None) as context:
            assert not RANKING.fits(context, champion)
    finally:
        open_registry(settings).set_alias("retrieval", "champion", 1)


def test_own_feeds_are_evidence_for_the_ranker_that_made_them(workspace: Workspace, tmp_path: Path) -> None:
    material, folder = workspace.material(), workspace.files["sets.parquet"].parent
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
    settings, shown_by = Settings(home=tmp_path), workspace.files["sets.parquet"].parent
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
    catalogue = _with_clicks(workspace.catalogue, [*workspace.catalogue.clicks(), *clicks])
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


def test_old_answers_are_asked_anew_and_come_out_the_same(workspace: Workspace) -> None:
    folder = workspace.files["sets.parquet"].parent
    ranker = ranker_in(folder)
    with champion_embedder(workspace.settings) as eyes:
        description = Description.read(folder, ranker.contract)
        again = answers(ranker, material_as(workspace.catalogue, eyes, description, progress=False))
    assert again.metrics["log_loss"] == pytest.approx(workspace.judged.candidate.metrics["test/log_loss"])
    assert len(popularity(workspace.material()).score_N) == len(again.score_N)


def test_the_latest_clicks_come_first_however_their_times_are_written() -> None:
    times = {
        "o1": None,
        "o2": "2026-01-05T09:00:00Z",
        "o3": "2026-01-05T09:00:00.5+00:00",
        "o4": "2026-01-06T08:00:00Z",
    }
    clicks = [Click(f"c{each}", "ann", each, True, "test", shown_at) for each, shown_at in times.items()]
    clicks.append(Click("c9", "ann", "o9", False, "test", "2026-01-07T00:00:00Z"))
    assert [click.outfit_id for click in in_time(clicks[::-1])] == ["o1", "o2", "o3", "o4", "o9"]
    assert latest_clicks(clicks, 10) == {"ann": ["o4", "o3", "o2", "o1"]}
    assert latest_clicks(clicks, 2) == {"ann": ["o4", "o3"]}


def _with_clicks(catalogue: Catalogue, clicks: list[Click]) -> Catalogue:
    return replace(catalogue, tables={**catalogue.tables, "clicks": tables.from_rows("clicks", clicks)})


def _answers(sharpness: float, seed: int = 0, users: int = 200) -> RankerAnswers:
    """Twenty showings each; clicks follow a taste of which the scores know as much as they are sharp."""
    rng = np.random.default_rng(0)
    taste = rng.normal(size=users * 20)
    clicked = rng.random(len(taste)) < 1 / (1 + np.exp(1.5 - taste))
    noise = np.random.default_rng(seed + 1).normal(size=len(taste))
    score = sharpness * taste + (1 - sharpness) * noise - 1.5
    return RankerAnswers(score, clicked, np.repeat(np.arange(users), 20))


def test_the_gate_asks_the_first_for_the_floor_and_for_clicks() -> None:
    good = _answers(1.0)
    assert compare(good, None, min_auc=0.6, min_clicks=100).promoted
    assert "below the floor" in compare(good, None, min_auc=0.95, min_clicks=100).reason
    held = compare(good, None, min_auc=0.0, min_clicks=10_000)
    assert not held.promoted
    assert held.reason.startswith("not enough evidence")
    nobody = replace(good, clicked_N=np.zeros_like(good.clicked_N))
    assert compare(nobody, None, 0.5, 0).reason.startswith("not enough evidence")
    assert compare(nobody, good, 0.0, 0).reason.startswith("not enough evidence")
    assert compare(nobody, None, 0.0, 0).promoted, "a floor of 0 lets feeds begin"


def test_the_gate_promotes_what_knows_tastes_better_and_holds_the_rest() -> None:
    good, bad = _answers(1.0), _answers(0.3)
    better = compare(good, bad, 0.5, 100)
    assert better.promoted
    assert better.interval is not None
    assert better.interval.low > 0
    assert not compare(bad, good, 0.5, 100).promoted
    assert not compare(good, good, 0.5, 100).promoted


def test_better_probabilities_are_enough_where_the_order_is_the_same() -> None:
    good = _answers(1.0)
    loud = replace(good, score_N=3 * good.score_N)
    assert compare(good, loud, 0.5, 100).promoted
    held = compare(loud, good, 0.5, 100)
    assert not held.promoted
    assert "log loss rises" in held.reason
    louder = loss_difference(loud, good)
    assert louder.low > 0.01


def test_an_interval_by_users_is_as_wide_as_that_of_their_means() -> None:
    gain = np.random.default_rng(0).normal(1.0, 2.0, 400)
    interval = by_user(gain, np.ones(400))
    half = 1.96 * gain.std() / 20
    assert interval.difference == pytest.approx(gain.mean())
    assert interval.high - interval.low == pytest.approx(2 * half, rel=0.1)
