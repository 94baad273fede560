"""What a release takes of a ranker: every set on offer with its vectors, and histories."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ranker_workspace import Workspace, files_of_release
from shared_worlds import moved_copy

from atelier.delivery.sets import SetTable, read_histories
from atelier.jobs.ranking.champion import ranker_in
from atelier.jobs.ranking.material import (
    latest_clicks,
)
from atelier.release.withdrawals import record


@pytest.fixture(scope="module")
def workspace(ranking_dir: Path) -> Workspace:
    return Workspace.at(ranking_dir)


@pytest.fixture
def changed(tmp_path: Path, ranking_dir: Path) -> Workspace:
    return Workspace.at(moved_copy(ranking_dir, tmp_path / "copy"))


def test_a_release_gets_every_set_with_the_vectors_of_its_ranker(workspace: Workspace) -> None:
    assert {path.name for path in workspace.release_dir.iterdir()} == {
        *("users.onnx", "sets.onnx", "ranking.json", "values.json", "sets.parquet", "histories.parquet")
    }
    table = SetTable.read(workspace.release_dir / "sets.parquet")
    ranker = ranker_in(workspace.release_dir)
    outfits, clicks = workspace.catalogue.outfits(), workspace.catalogue.clicks()
    assert table.ranker == ranker.contract.digest
    assert table.outfit_ids == tuple(outfit.outfit_id for outfit in outfits)
    assert table.num_showings_S.sum() == len(clicks)
    assert table.vectors_SE == pytest.approx(ranker.set_vectors(workspace.material().sets), abs=1e-6)
    price_of = {item.item_id: item.price for item in workspace.catalogue.items()}
    prices = [sum(price_of[item_id] or np.nan for item_id in outfit.item_ids) for outfit in outfits]
    assert table.price_S == pytest.approx(np.array(prices), nan_ok=True)
    histories = read_histories(workspace.release_dir / "histories.parquet")
    assert histories == {user: tuple(ids) for user, ids in latest_clicks(clicks, 10).items()}


def test_withdrawn_and_sold_out_pieces_are_not_on_offer(changed: Workspace, tmp_path: Path) -> None:
    settings, taken = changed.settings, changed.catalogue.outfits()[0].item_ids[0]
    record(settings, [taken], "recalled", withdrawn=True)
    files = files_of_release(settings, tmp_path / "release")
    table = SetTable.read(files["sets.parquet"])
    assert all(taken not in items for items in table.item_ids)
    sold_out = {item.item_id for item in changed.catalogue.items() if item.stock == 0}
    assert table.on_offer_S.tolist() == [sold_out.isdisjoint(items) for items in table.item_ids]
