"""The outfit family's own path on a small simulated drop, and what its release makes: sets, tables, pictures.

One workspace serves all tests of this file: making it takes most of their time.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from family_runs import train_and_judge
from fastapi.testclient import TestClient
from outfit_sets_world import write_files
from outfit_workspace import RULES, Here, Workspace, make_workspace
from rules_world import obeys

from atelier.collage.collage import CollageOptions
from atelier.collage.measures import faults
from atelier.datasets.catalogue import Catalogue
from atelier.errors import (
    CatalogueIndexError,
    CollageError,
    DropError,
    NoReleaseError,
    QueryError,
    RulesError,
)
from atelier.families.outfit.inference import load_model
from atelier.families.outfit.presets import PRESETS, debug
from atelier.index.query import IndexReader
from atelier.jobs.content import Channel, make_content
from atelier.jobs.data.ingest import ingest
from atelier.jobs.outfit.evaluate import evaluate
from atelier.jobs.outfit.exam import better_of
from atelier.jobs.outfit.family import OUTFIT
from atelier.jobs.outfit.material import load_sets
from atelier.jobs.ranking.family import RANKING
from atelier.jobs.release.publish import publish
from atelier.jobs.release.withdraw import reinstate, withdraw
from atelier.jobs.retrieval.embedder import catalogue_embedder, champion_embedder
from atelier.lifecycle.context import open_context
from atelier.registry.store import open_registry
from atelier.release.store import live
from atelier.rules.file import parse_rules
from atelier.serving.app import create_app
from atelier.serving.feed import FeedMaker
from atelier.settings import Settings
from atelier.styling.bulk import generate
from atelier.styling.run import collage
from atelier.styling.showcase import Showcase
from atelier.styling.stylist import SetPiece, Stylist, Wishes
from atelier.vocabulary import Maker, Outfit, Split


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, trained_home: Path) -> Workspace:
    return make_workspace(tmp_path_factory.mktemp("outfits"), trained_home)


@pytest.fixture(scope="module")
def stylist(workspace: Workspace) -> Stylist:
    return Stylist.open(workspace.settings, live(workspace.settings))


def test_a_model_is_trained_examined_and_goes_live_with_its_rules(workspace: Workspace) -> None:
    assert workspace.verdict.promoted
    assert {
        "test/outfits/fill_in_the_blank",
        "teacher/outfits/compatibility_auc",
    } <= workspace.registered.metrics.keys()
    release = live(workspace.settings)
    assert release.models["outfit"].version == workspace.registered.model_version
    names = {"outfit/generator.onnx", "outfit/outfit-items.parquet", "outfit/rules/womens-wear.yaml"}
    assert names <= release.files.keys()


def test_asking_again_trains_nothing_and_publishes_nothing(workspace: Workspace) -> None:
    settings = workspace.settings
    judged = train_and_judge(settings, OUTFIT)
    assert [run.reused for run in judged.runs.values()] == [True, True]
    assert judged.candidate.reused
    assert judged.verdict.reason.endswith("the champion already")
    assert not publish(settings, progress=False).changed


def test_an_operators_own_rules_make_a_new_release(workspace: Workspace) -> None:
    settings = workspace.settings
    settings.rules_dir.mkdir()
    (settings.rules_dir / "wear.yaml").write_text(RULES)
    assert publish(settings, progress=False).changed
    assert len(Stylist.open(settings, live(settings)).make([_a_top(settings)], "wear")) == 1
    (settings.rules_dir / "wear.yaml").write_text(
        RULES.replace("Tshirts", "Tshrits").replace("slots:", "slotz:")
    )
    again = publish(settings, progress=False)
    assert any("slotz" in str(each) for each in again.left_out), "the broken file is named"
    assert len(Stylist.open(settings, live(settings)).make([_a_top(settings)], "wear")) == 1, (
        "the last good one"
    )
    (settings.rules_dir / "wear.yaml").unlink()
    publish(settings, progress=False)


def test_sets_hold_their_triggers_keep_the_rules_and_differ(workspace: Workspace, stylist: Stylist) -> None:
    rules, top = parse_rules(RULES), _a_top(workspace.settings)
    made = stylist.make([top], rules, Wishes(num=5))
    assert len(made) == 5
    assert [each.score for each in made] == sorted((each.score for each in made), reverse=True)
    for each in made:
        assert each.pieces[0] == SetPiece("top", top)
        assert obeys(rules, [(piece.slot, stylist.attributes_of(piece.item_id)) for piece in each.pieces])
    others = [{piece.item_id for piece in each.pieces[1:]} for each in made]
    assert all(len(a & b) <= 1 for n, a in enumerate(others) for b in others[:n])
    assert stylist.make([top], rules, Wishes(num=5)) == made, "the same wishes get the same sets"
    assert stylist.make([top], rules, Wishes(num=5, seed=1)) != made
    both = [piece.item_id for piece in made[0].pieces[:2]]
    assert [piece.item_id for piece in stylist.make(both, rules)[0].pieces[:2]] == both


@pytest.mark.parametrize(
    ("items", "rules", "error", "message"),
    [
        (["nothing"], "womens-wear", QueryError, "has no item 'nothing'"),
        ([], "womens-wear", QueryError, "expected 1 to 8 different ids"),
        (None, "no-such-rules", RulesError, "expected one of bedroom"),
        (None, "bedroom", RulesError, "no item of release"),
    ],
)
def test_what_cannot_be_made_says_why(
    workspace: Workspace,
    stylist: Stylist,
    items: list[str] | None,
    rules: str,
    error: type[Exception],
    message: str,
) -> None:
    asked = [_a_top(workspace.settings)] if items is None else items
    with pytest.raises(error, match=message):
        stylist.make(asked, rules)


def test_an_item_that_fits_no_slot_is_named(workspace: Workspace, stylist: Stylist) -> None:
    watch = next(
        i.item_id for i in Catalogue.open(workspace.settings.data_dir).items() if i.category == "Watches"
    )
    with pytest.raises(RulesError, match=f"{watch} fits no slot; the slots are top, bottom, shoes"):
        stylist.make([watch], parse_rules(RULES))


def test_withdrawn_items_stand_in_no_set(workspace: Workspace) -> None:
    settings, top = workspace.settings, _a_top(workspace.settings)
    withdraw(settings, [top], "recalled")
    with pytest.raises(QueryError, match="has no item"):
        Stylist.open(settings, live(settings)).make([top], parse_rules(RULES))
    reinstate(settings, [top], "a mistake")
    publish(settings, progress=False)


def test_a_killed_order_goes_on_and_no_item_is_everywhere(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("atelier.styling.batch_spec.BLOCK", 40)
    settings, rules = workspace.settings, str(workspace.rules_path)
    killed, going_on = Here(killed_after=2), Here()
    with pytest.raises(KeyboardInterrupt):
        generate(settings, rules, 150, tmp_path / "sets", most_uses=11, workers=killed, progress=False)
    made = generate(settings, rules, 150, tmp_path / "sets", most_uses=11, workers=going_on, progress=False)
    assert sorted(killed.made + going_on.made) == [0, 1, 2, 3]
    assert (made.num_sets, made.num_made_now) == (150, 80)
    assert made.most_uses <= 11
    whole = generate(settings, rules, 150, tmp_path / "whole", most_uses=11, workers=Here(), progress=False)
    assert whole.mean_score == pytest.approx(made.mean_score), "equal orders make equal sets"
    with pytest.raises(CatalogueIndexError, match="holds the sets of another order"):
        generate(settings, rules, 151, tmp_path / "sets", workers=Here(), progress=False)


def test_a_pool_is_what_its_condition_says(workspace: Workspace, tmp_path: Path) -> None:
    settings, rules = workspace.settings, str(workspace.rules_path)
    made = generate(
        settings,
        rules,
        30,
        tmp_path / "sets",
        where="gender = 'Women' AND price < 120",
        workers=Here(),
        progress=False,
    )
    assert made.num_sets == 30
    for where, message in (("prise < 3", "such as"), ("price < -1", "no item of index")):
        with pytest.raises(QueryError, match=message):
            generate(settings, rules, 30, tmp_path / "none", where=where, workers=Here(), progress=False)
    assert not (tmp_path / "none").exists()


def test_a_set_becomes_a_picture_without_a_fault(
    workspace: Workspace, stylist: Stylist, tmp_path: Path
) -> None:
    settings = workspace.settings
    showcase = Showcase(settings, IndexReader.open(settings, live(settings).index))
    (made,) = stylist.make([_a_top(settings)], parse_rules(RULES))
    drawn = showcase.draw(made.pieces, options=CollageOptions(size=(400, 400)))
    assert faults(drawn.layout) == []
    assert drawn.pixels.shape == (400, 400, 3)
    with pytest.raises(QueryError, match="has no item 'nothing'"):
        showcase.draw([SetPiece("top", "nothing")])
    with pytest.raises(CollageError, match="template: expected one of"):
        showcase.draw(made.pieces, template="no-such-template")
    with pytest.raises(CollageError, match="ends with"):
        collage(settings, [("top", made.pieces[0].item_id)], tmp_path / "x.gif", texts={})
    assert not list(tmp_path.iterdir())


def test_outfits_are_served_over_http(workspace: Workspace) -> None:
    top = _a_top(workspace.settings)
    (workspace.settings.rules_dir / "wear.yaml").write_text(RULES)
    publish(workspace.settings, progress=False)
    with TestClient(create_app(workspace.settings), raise_server_exceptions=False) as client:
        assert "wear" in client.get("/v1/rules").json()["rules"]
        answer = client.post("/v1/outfits", json={"items": [top], "rules": "wear", "k": 2}).json()
        assert [each["pieces"][0]["item_id"] for each in answer["sets"]] == [top, top]
        first = answer["sets"][0]
        assert {piece["slot"] for piece in first["pieces"]} == {"top", "bottom", "shoes"}
        assert first["price"] == pytest.approx(sum(piece["price"] for piece in first["pieces"]))
        assert client.get(first["pieces"][1]["picture"]).status_code == 200
        for body, message in (
            ({"items": ["nothing"], "rules": "wear"}, "has no item 'nothing'"),
            ({"items": [top], "rules": "none"}, "rules: expected one of"),
            ({"items": [top], "rules": "bedroom"}, "no item of release"),
        ):
            refused = client.post("/v1/outfits", json=body)
            assert refused.status_code == 422
            assert message in refused.json()["detail"]


def test_a_user_is_nobody_to_a_release_without_a_ranker(workspace: Workspace, stylist: Stylist) -> None:
    with pytest.raises(NoReleaseError, match="has no ranker"):
        stylist.make([_a_top(workspace.settings)], parse_rules(RULES), Wishes(user="w5-u0001"))


def test_content_is_made_once_a_day_and_shares_no_item(workspace: Workspace) -> None:
    settings = workspace.settings
    channel = Channel("weekly", str(workspace.rules_path), num=4, side=200)
    made = make_content(settings, channel, day="2026-03-02", progress=False)
    again = make_content(settings, channel, day="2026-03-02", progress=False)
    assert (made.reused, again.reused, made.folder) == (False, True, again.folder)
    facts = json.loads((Path(made.folder) / "sets.json").read_text())
    items = [piece["item_id"] for each in facts["sets"] for piece in each["pieces"]]
    assert made.num_sets == len(facts["sets"]) > 1
    assert len(items) == len(set(items))
    assert all((Path(made.folder) / each["picture"]).stat().st_size > 1000 for each in facts["sets"])
    with pytest.raises(QueryError, match="channel: expected letters"):
        Channel("../elsewhere", "womens-wear")


def test_what_was_made_for_a_channel_goes_into_feeds_and_is_no_example(workspace: Workspace) -> None:
    settings = workspace.settings
    with pytest.raises(NoReleaseError, match="has no ranker"):
        FeedMaker.open(settings, live(settings))
    channel = Channel("weekly", str(workspace.rules_path), num=4, side=200, offer=True)
    made, again = (make_content(settings, channel, day="2026-03-02", progress=False) for _ in range(2))
    assert (made.drop, made.num_sets) == (again.drop, again.num_sets)
    taught_before = _outfits_taught(settings)
    report = ingest(settings, Path(str(made.drop)), progress=False)
    assert report.added["outfits"] == made.num_sets
    by_generator = {each.outfit_id for each in Catalogue.open(settings.data_dir).outfits() if _is_made(each)}
    assert len(by_generator) == made.num_sets
    assert _outfits_taught(settings) == taught_before
    assert train_and_judge(settings, RANKING).verdict.promoted
    publish(settings, progress=False)
    shown = FeedMaker.open(settings, live(settings)).make("w5-u0001", "2026-03-03")
    assert by_generator <= {each.outfit_id for each in shown}
    assert any(each.outfit_id not in by_generator for each in shown)


def test_sets_for_a_user_are_those_the_ranker_expects_to_be_clicked(workspace: Workspace) -> None:
    settings = workspace.settings
    top = _a_top(settings)
    body = {"items": [top], "rules": "wear", "k": 4}
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        anybody, own = (
            client.post("/v1/outfits", json=body | more).json()["sets"] for more in ({}, {"user": "w5-u0001"})
        )
    assert len(anybody) >= 2
    assert all(each["liking"] is None for each in anybody)
    likings = [each["liking"] for each in own]
    assert likings == sorted(likings, reverse=True)
    assert all(0 < liking < 1 for liking in likings)
    assert {piece["item_id"] for piece in own[0]["pieces"]} >= {top}


def _outfits_taught(settings: Settings) -> int:
    """Sets of catalogue items that an outfit model would be trained on."""
    catalogue = Catalogue.open(settings.data_dir)
    with champion_embedder(settings) as eyes:
        material = load_sets(settings, catalogue, eyes, "any", progress=False)
    return len(material.sources[0].rows[Split.TRAIN])


def _is_made(outfit: Outfit) -> bool:
    return outfit.made_by == Maker.GENERATOR


def test_a_model_trained_end_to_end_brings_its_own_tower(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = workspace.settings
    assert "end_to_end" not in workspace.runs
    schedule = replace(debug().student_schedule, num_epochs=2, batch_size=8, learning_rate=1e-2)
    monkeypatch.setitem(PRESETS, "debug", lambda: replace(debug(), end_to_end_schedule=schedule))
    monkeypatch.setattr("atelier.jobs.outfit.exam.better_of", lambda _: "end_to_end")
    judged, again = train_and_judge(settings, OUTFIT), train_and_judge(settings, OUTFIT)
    assert list(judged.runs) == ["teacher", "student", "end_to_end"]
    assert (judged.runs["end_to_end"].reused, again.runs["end_to_end"].reused) == (False, True)
    assert better_of(judged.runs) in judged.runs
    assert better_of(workspace.runs) == "student"
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


def test_a_folder_of_category_sets_is_scored(workspace: Workspace, tmp_path: Path) -> None:
    sets = [{"set_id": str(n), "items_category": [n % 8, (n + 1) % 8, (n + 3) % 8]} for n in range(40)]
    names = "".join(f"{number} Kind {number}\n" for number in range(8))
    write_files(tmp_path / "polyvore_categories", {"outfits.json": sets, "category_id.txt": names})
    metrics = evaluate(workspace.settings, tmp_path, progress=False)
    assert 0 <= metrics["categories/fill_in_the_blank"] <= 1
    assert metrics["categories/num_questions"] == 40
    with pytest.raises(DropError, match="no layout that is known"):
        (tmp_path / "empty").mkdir()
        evaluate(workspace.settings, tmp_path / "empty", progress=False)


def _a_top(settings: Settings) -> str:
    items = Catalogue.open(settings.data_dir).items()
    return next(item.item_id for item in items if item.category == "Shirts" and item.gender == "Women")
