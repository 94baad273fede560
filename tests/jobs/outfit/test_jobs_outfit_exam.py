"""The outfit family's own path on a small simulated drop: trained, examined, live, also end to end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from family_runs import train_and_judge
from shared_worlds import moved_copy
from styling_world import RULES, a_top

from atelier.errors import (
    QueryError,
)
from atelier.families.outfit.inference import load_model
from atelier.families.outfit.presets import PRESETS, debug
from atelier.jobs.outfit.exam import better_of
from atelier.jobs.outfit.family import OUTFIT
from atelier.jobs.release.publish import publish
from atelier.jobs.release.withdraw import reinstate, withdraw
from atelier.jobs.retrieval.embedder import catalogue_embedder
from atelier.lifecycle.context import open_context
from atelier.registry.store import open_registry
from atelier.release.store import live
from atelier.rules.file import parse_rules
from atelier.settings import Settings
from atelier.styling.stylist import Stylist


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, styling_home: Path) -> Settings:
    return Settings(home=moved_copy(styling_home, tmp_path_factory.mktemp("copy") / "home"), serve_threads=1)


def test_a_model_is_trained_examined_and_goes_live_with_its_rules(settings: Settings) -> None:
    found = train_and_judge(settings, OUTFIT)
    assert found.verdict.champion == found.candidate.model_version == 1
    assert {
        "test/outfits/fill_in_the_blank",
        "teacher/outfits/compatibility_auc",
    } <= found.candidate.metrics.keys()
    release = live(settings)
    assert release.models["outfit"].version == found.candidate.model_version
    names = {"outfit/generator.onnx", "outfit/outfit-items.parquet", "outfit/rules/womens-wear.yaml"}
    assert names <= release.files.keys()


def test_asking_again_trains_nothing_and_publishes_nothing(settings: Settings) -> None:
    judged = train_and_judge(settings, OUTFIT)
    assert [run.reused for run in judged.runs.values()] == [True, True]
    assert judged.candidate.reused
    assert judged.verdict.reason.endswith("the champion already")
    assert not publish(settings, progress=False).changed


def test_an_operators_own_rules_make_a_new_release(settings: Settings) -> None:
    settings.rules_dir.mkdir()
    (settings.rules_dir / "wear.yaml").write_text(RULES)
    assert publish(settings, progress=False).changed
    assert len(Stylist.open(settings, live(settings)).make([a_top(settings)], "wear")) == 1
    (settings.rules_dir / "wear.yaml").write_text(
        RULES.replace("Tshirts", "Tshrits").replace("slots:", "slotz:")
    )
    again = publish(settings, progress=False)
    assert any("slotz" in str(each) for each in again.left_out), "the broken file is named"
    assert len(Stylist.open(settings, live(settings)).make([a_top(settings)], "wear")) == 1, (
        "the last good one"
    )
    (settings.rules_dir / "wear.yaml").unlink()
    publish(settings, progress=False)


def test_withdrawn_items_stand_in_no_set(settings: Settings) -> None:
    top = a_top(settings)
    withdraw(settings, [top], "recalled")
    with pytest.raises(QueryError, match="has no item"):
        Stylist.open(settings, live(settings)).make([top], parse_rules(RULES))
    reinstate(settings, [top], "a mistake")
    publish(settings, progress=False)


def test_a_model_trained_end_to_end_brings_its_own_tower(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = train_and_judge(settings, OUTFIT).runs
    assert list(before) == ["teacher", "student"]
    schedule = replace(debug().student_schedule, num_epochs=2, batch_size=8, learning_rate=1e-2)
    monkeypatch.setitem(PRESETS, "debug", lambda: replace(debug(), end_to_end_schedule=schedule))
    monkeypatch.setattr("atelier.jobs.outfit.exam.better_of", lambda _: "end_to_end")
    judged, again = train_and_judge(settings, OUTFIT), train_and_judge(settings, OUTFIT)
    assert list(judged.runs) == ["teacher", "student", "end_to_end"]
    assert (judged.runs["end_to_end"].reused, again.runs["end_to_end"].reused) == (False, True)
    assert better_of(judged.runs) in judged.runs
    assert better_of(before) == "student"
    assert 0 <= judged.candidate.metrics["test/outfits/fill_in_the_blank"] <= 1

    version = open_registry(settings).version("outfit", "candidate")
    assert version is not None
    with open_context(settings, None, progress=False) as context:
        folder, eyes = context.use(version).folder, context.once(catalogue_embedder)
        items = [row.item for row in eyes.gallery.items[:20]]
        files = OUTFIT.release_files(context, folder, items)
        own = eyes.with_image_tower(folder)
        seen, frozen = own.images(items, progress=False), eyes.images(items, progress=False)
        expected = load_model(folder).items.encode(
            own.table(items, load_model(folder).contract.facts, progress=False)
        )
        vectors = pq.read_table(files["outfit-items.parquet"])["vector"].to_pylist()
    assert {"tower.onnx", "tower.json"} <= files.keys()
    assert np.abs(seen - frozen).max() > 1e-3, "the tower has learned"
    np.testing.assert_allclose(np.linalg.norm(seen, axis=1), 1, atol=1e-2)
    np.testing.assert_allclose(vectors, expected, atol=2e-3)
