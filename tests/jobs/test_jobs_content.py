"""Content of a day: sets and pictures for a channel, made once, and offered in feeds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from family_runs import train_and_judge
from fastapi.testclient import TestClient
from shared_worlds import moved_copy
from styling_world import RULES, a_top, own_rules

from atelier.datasets.catalogue import Catalogue
from atelier.errors import NoReleaseError, QueryError
from atelier.jobs.content import Channel, make_content
from atelier.jobs.data.ingest import ingest
from atelier.jobs.outfit.material import load_sets
from atelier.jobs.ranking.family import RANKING
from atelier.jobs.release.publish import publish
from atelier.jobs.retrieval.embedder import champion_embedder
from atelier.release.store import live
from atelier.serving.app import create_app
from atelier.serving.feed import FeedMaker
from atelier.settings import Settings
from atelier.vocabulary import Maker, Outfit, Split


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, styling_home: Path) -> Settings:
    home = moved_copy(styling_home, tmp_path_factory.mktemp("copy") / "home")
    settings = Settings(home=home, serve_threads=1)
    own_rules(settings)
    return settings


@pytest.fixture
def rules(tmp_path: Path) -> str:
    """A file with the operators' rules."""
    (tmp_path / "wear.yaml").write_text(RULES)
    return str(tmp_path / "wear.yaml")


def test_content_is_made_once_a_day_and_shares_no_item(settings: Settings, rules: str) -> None:
    channel = Channel("weekly", rules, num=4, side=200)
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


def test_what_was_made_for_a_channel_goes_into_feeds_and_is_no_example(
    settings: Settings, rules: str
) -> None:
    with pytest.raises(NoReleaseError, match="has no ranker"):
        FeedMaker.open(settings, live(settings))
    channel = Channel("weekly", rules, num=4, side=200, offer=True)
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


def test_sets_for_a_user_are_those_the_ranker_expects_to_be_clicked(settings: Settings) -> None:
    top = a_top(settings)
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
