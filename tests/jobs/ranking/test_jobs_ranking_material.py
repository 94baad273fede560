"""What a ranker is trained on: showings in the order of time, those without a propensity as history."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ranker_workspace import Workspace, with_clicks

from atelier.errors import TooLittleDataError
from atelier.families.ranking.presets import debug
from atelier.jobs.ranking.material import (
    in_time,
    latest_clicks,
    material_as,
    material_for,
    moment,
)
from atelier.jobs.retrieval.embedder import champion_embedder
from atelier.vocabulary import Click, Split


@pytest.fixture(scope="module")
def workspace(ranking_dir: Path) -> Workspace:
    return Workspace.at(ranking_dir)


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
            with_clicks(workspace.catalogue, stripped), eyes, before.description, progress=False
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
    few = with_clicks(workspace.catalogue, workspace.catalogue.clicks()[:40])
    none = with_clicks(
        workspace.catalogue, [replace(click, propensity=None) for click in workspace.catalogue.clicks()]
    )
    with champion_embedder(workspace.settings) as eyes:
        with pytest.raises(TooLittleDataError, match=r"at least 64 showings .* there are 30 with"):
            material_for(few, eyes, debug(), progress=False)
        with pytest.raises(TooLittleDataError, match="200 showings without a propensity"):
            material_for(none, eyes, debug(), progress=False)


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
