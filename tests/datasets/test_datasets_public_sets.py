"""Public sets: read as they were published, split as published, and every broken line named."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from public_sets_world import (
    write_consumer_to_shop,
    write_in_shop,
    write_sop,
)

from atelier.cli.models import PublicSetName
from atelier.datasets.public_sets import PUBLIC_SETS, read_protocol
from atelier.errors import DropError

PARTITION = "Eval/list_eval_partition.txt"
WRITERS: dict[str, Callable[[Path], Path]] = {
    "in-shop": write_in_shop,
    "consumer-to-shop": write_consumer_to_shop,
    "sop": write_sop,
}


def test_published_figures_name_their_source_and_whether_the_model_knew_the_set() -> None:
    best = {
        name: {(each.trained_on_the_set, each.figures["recall_at_1"]) for each in public.published}
        for name, public in PUBLIC_SETS.items()
    }
    assert best["in-shop"] >= {(True, 0.967), (True, 0.903)}
    assert best["sop"] >= {(True, 0.912), (True, 0.830)}
    assert all(each.source for public in PUBLIC_SETS.values() for each in public.published)
    assert list(PUBLIC_SETS) == list(PublicSetName), "the command offers what there is"


@pytest.mark.parametrize("name", WRITERS)
def test_every_picture_of_a_set_is_found(tmp_path: Path, name: str) -> None:
    protocol = read_protocol(name, WRITERS[name](tmp_path))
    files = [shown.file for shown in (*protocol.queries, *protocol.gallery)]
    assert all(file is not None and file.read().startswith(b"\xff\xd8") for file in files)


@pytest.mark.parametrize("zipped", ["Img/img.zip", "img.zip"])
def test_pictures_may_stay_in_the_zip_they_came_in(tmp_path: Path, zipped: str) -> None:
    write_in_shop(tmp_path)
    archive = shutil.make_archive(str(tmp_path / "archive"), "zip", tmp_path / "Img")
    shutil.rmtree(tmp_path / "Img")
    (tmp_path / "Img").mkdir()
    Path(archive).rename(tmp_path / zipped)
    assert all(shown.file for shown in read_protocol("in-shop", tmp_path).gallery)


def test_pictures_may_lie_beside_the_lists_and_the_set_beneath_other_folders(tmp_path: Path) -> None:
    write_in_shop(tmp_path / "sets" / "In-shop", pictures="")
    assert all(shown.file for shown in read_protocol("in-shop", tmp_path).queries)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("in-shop", r"Eval/list_eval_partition\.txt with image_name item_id evaluation_status"),
        ("consumer-to-shop", r"Eval/list_eval_partition\.txt with image_pair_name_1 image_pair_name_2"),
        ("sop", r"Ebay_train\.txt and Ebay_test\.txt"),
    ],
)
def test_a_wrong_folder_is_told_which_file_was_expected(tmp_path: Path, name: str, expected: str) -> None:
    (tmp_path / "holiday").mkdir()
    (tmp_path / "holiday" / "notes.txt").write_text("hello")
    with pytest.raises(DropError, match=rf"does not hold the set {name}: expected {expected}.*holiday"):
        read_protocol(name, tmp_path)
    with pytest.raises(DropError, match="is not a folder"):
        read_protocol(name, tmp_path / "nowhere")


def test_another_set_in_the_folder_is_named_with_its_protocol(tmp_path: Path) -> None:
    write_consumer_to_shop(tmp_path)
    with pytest.raises(DropError, match="--protocol consumer-to-shop reads"):
        read_protocol("in-shop", tmp_path)


def test_a_set_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_sop(tmp_path / name)
    with pytest.raises(DropError, match="sop 2 times: one, two"):
        read_protocol("sop", tmp_path)


def test_lists_without_a_query_are_refused(tmp_path: Path) -> None:
    write_in_shop(tmp_path)
    path = tmp_path / PARTITION
    path.write_text(path.read_text().replace(" query ", " train "))
    with pytest.raises(DropError, match="0 queries and 8 gallery photos"):
        read_protocol("in-shop", tmp_path)
