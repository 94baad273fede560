"""A release on the public sets: exact figures, broken pictures are misses, boxes as the set has them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from public_sets_world import (
    in_shop_name,
    patch,
    replace_in,
    write_consumer_to_shop,
    write_in_shop,
    write_picture,
    write_sop,
)
from publish_world import accept_catalogue, crown
from typer.testing import CliRunner

from atelier.cli import app
from atelier.datasets.catalogue import Catalogue
from atelier.datasets.drop import read_drop
from atelier.datasets.public_sets import PUBLIC_SETS
from atelier.errors import NoReleaseError, ReleaseError
from atelier.jobs.data.ingest import ingest
from atelier.jobs.release.publish import publish
from atelier.jobs.retrieval.protocol import ProtocolScores, evaluate_protocol
from atelier.pictures import encode_jpeg
from atelier.settings import Settings
from atelier.vocabulary import Photo


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home with a live release; its encoder tells patches of colour apart and ignores small noise."""
    folder = tmp_path_factory.mktemp("live")
    settings = Settings(home=folder / "home")
    accept_catalogue(settings, range(20))
    crown(settings, folder / "student")
    publish(settings, progress=False)
    return settings


def score(settings: Settings, name: str, folder: Path, *, boxed: bool = True) -> ProtocolScores:
    return evaluate_protocol(settings, name, folder, boxed=boxed, progress=False)


@pytest.mark.parametrize(
    ("name", "write", "num_queries", "num_gallery"),
    [
        ("in-shop", write_in_shop, 4, 8),
        ("consumer-to-shop", write_consumer_to_shop, 4, 3),
        ("sop", write_sop, 10, 10),
    ],
)
def test_an_encoder_that_knows_the_items_finds_all_of_them(
    settings: Settings,
    tmp_path: Path,
    name: str,
    write: Callable[[Path], Path],
    num_queries: int,
    num_gallery: int,
) -> None:
    scores = score(settings, name, write(tmp_path))
    assert scores.metrics["num_queries"] == num_queries
    assert scores.metrics["num_gallery"] == num_gallery
    recalls = {name: value for name, value in scores.metrics.items() if name.startswith("recall_at_")}
    assert set(recalls) == {f"recall_at_{k}" for k in scores_ks(name)}
    assert set(recalls.values()) == {1.0}
    assert scores.metrics["map_at_r"] == 1.0
    assert scores.published == PUBLIC_SETS[name].published


def scores_ks(name: str) -> Sequence[int]:
    return {"in-shop": (1, 10, 20, 30, 50), "consumer-to-shop": (1, 20, 50), "sop": (1, 10, 100, 1000)}[name]


def test_a_query_that_looks_like_another_item_is_a_miss(settings: Settings, tmp_path: Path) -> None:
    write_in_shop(tmp_path)
    write_picture(tmp_path / "Img" / in_shop_name(3, 1), 4, 9)
    metrics = score(settings, "in-shop", tmp_path).metrics
    assert metrics["recall_at_1"] == 0.75
    assert metrics["recall_at_10"] == 1.0
    assert metrics["map_at_r"] == pytest.approx(0.75, abs=0.1)


def test_broken_pictures_are_named_and_count_as_misses(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_in_shop(tmp_path)
    (tmp_path / "Img" / in_shop_name(3, 1)).write_bytes(b"no picture")
    (tmp_path / "Img" / in_shop_name(4, 1)).unlink()
    for view in (2, 3):
        (tmp_path / "Img" / in_shop_name(5, view)).write_bytes(b"no picture")
    (tmp_path / "Img" / in_shop_name(6, 2)).write_bytes(b"no picture")
    scores = score(settings, "in-shop", tmp_path)
    assert scores.metrics["num_queries"] == 4
    assert scores.metrics["num_broken_queries"] == 2
    assert scores.metrics["num_broken_pictures"] == 5
    assert scores.metrics["recall_at_50"] == 0.25, "two cannot ask, and nothing is left to find of the third"
    assert scores.metrics["map_at_r"] == 0.25 * 0.5, "one of the fourth's two"
    told = capsys.readouterr().err
    for name in (in_shop_name(3, 1), in_shop_name(4, 1), in_shop_name(5, 3)):
        assert any(name in one for one in scores.broken_pictures)
        assert name in told


def test_boxes_are_used_where_they_are_wanted(settings: Settings, tmp_path: Path) -> None:
    """The photo of item 3 shows it small, in a corner of a picture of item 4; the box says where."""
    write_in_shop(tmp_path)
    name = in_shop_name(3, 1)
    scene = patch(4, side=192)
    scene[:64, :64] = patch(3, side=64)
    (tmp_path / "Img" / name).write_bytes(encode_jpeg(scene, quality=95))
    boxes = tmp_path / "Anno" / "list_bbox_inshop.txt"
    replace_in(boxes, f"{name}  3  1  016  016  080  080", f"{name}  3  1  000  000  064  064")
    whole, boxed = (score(settings, "in-shop", tmp_path, boxed=boxed) for boxed in (False, True))
    assert (whole.boxed, boxed.boxed) == (False, True)
    assert (whole.metrics["recall_at_1"], boxed.metrics["recall_at_1"]) == (0.75, 1.0)
    boxes.unlink()
    assert score(settings, "in-shop", tmp_path).metrics == whole.metrics, "without boxes it is used whole"


def test_the_release_is_the_live_one_or_the_one_that_is_named(settings: Settings, tmp_path: Path) -> None:
    write_sop(tmp_path)
    scores = score(settings, "sop", tmp_path)
    named = evaluate_protocol(settings, "sop", tmp_path, release_id=scores.release_id, progress=False)
    assert named == scores
    with pytest.raises(ReleaseError, match="release 'nope' is unknown"):
        evaluate_protocol(settings, "sop", tmp_path, release_id="nope", progress=False)
    with pytest.raises(NoReleaseError):
        score(Settings(home=tmp_path / "empty"), "sop", tmp_path)


def test_the_command_prints_ours_beside_what_others_published(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_in_shop(tmp_path)
    monkeypatch.setenv("ATELIER_HOME", str(settings.home))
    monkeypatch.setenv("COLUMNS", "200")
    command = ["evaluate", "retrieval", "--protocol", "in-shop", "--data", str(tmp_path)]
    told = CliRunner().invoke(app, command)
    assert told.exit_code == 0, told.output
    for part in ("recall_at_50", "0.9670", "0.9030", "published by others", "github.com/deepglint/unicom"):
        assert part in told.output
    as_json = json.loads(CliRunner().invoke(app, [*command, "--json"]).stdout)
    assert as_json["metrics"]["recall_at_1"] == 1.0
    assert as_json["published"][0]["figures"] == {"recall_at_1": 0.967}


def test_the_command_refuses_a_release_without_a_protocol_and_an_unknown_protocol(tmp_path: Path) -> None:
    for extra in (["--release", "x"], ["--protocol", "cars"]):
        told = CliRunner().invoke(app, ["evaluate", "retrieval", "--data", str(tmp_path), *extra])
        assert told.exit_code == 2


def test_a_public_set_is_ingested_with_its_published_test_part(tmp_path: Path) -> None:
    """The drop's own sides survive ingestion: nothing of the published test part is trained on."""
    folder = write_consumer_to_shop(tmp_path / "c2s")
    settings = Settings(home=tmp_path / "home")
    report = ingest(settings, folder, progress=False)
    assert report.quarantined == {}
    photos: list[Photo] = Catalogue.open(settings.data_dir).photos()
    published = {raw.photo.photo_id: raw.photo.split for raw in read_drop(folder).photos}
    assert {photo.photo_id: photo.split for photo in photos} == published
    assert all(photo.box is not None for photo in photos)
