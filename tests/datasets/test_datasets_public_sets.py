"""Public sets: read as they were published, split as published, and every broken line named."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from public_sets_world import (
    IN_SHOP_BOX,
    in_shop_name,
    replace_in,
    write_consumer_to_shop,
    write_in_shop,
    write_sop,
)

from atelier.cli.models import PublicSetName
from atelier.datasets.drop import read_drop
from atelier.datasets.layouts.public_set import side_of
from atelier.datasets.public_sets import PUBLIC_SETS, read_protocol
from atelier.errors import DropError
from atelier.vocabulary import Box, Item, Split

PARTITION = "Eval/list_eval_partition.txt"
WRITERS: dict[str, Callable[[Path], Path]] = {
    "in-shop": write_in_shop,
    "consumer-to-shop": write_consumer_to_shop,
    "sop": write_sop,
}


def test_in_shop_asks_query_photos_of_a_gallery_of_others(tmp_path: Path) -> None:
    protocol = read_protocol("in-shop", write_in_shop(tmp_path))
    assert [shown.name for shown in protocol.queries] == [in_shop_name(item, 1) for item in (3, 4, 5, 6)]
    assert Counter(shown.item for shown in protocol.gallery) == {f"id_{n:08d}": 2 for n in (3, 4, 5, 6)}
    assert {shown.box for shown in protocol.queries} == {Box(*IN_SHOP_BOX)}
    assert protocol.ks == (1, 10, 20, 30, 50)
    assert protocol.broken_lines == ()


def test_consumers_ask_for_the_shops_photos_of_the_test_part_each_once(tmp_path: Path) -> None:
    protocol = read_protocol("consumer-to-shop", write_consumer_to_shop(tmp_path))
    assert [Path(shown.name).name for shown in protocol.queries] == ["comsumer_01.jpg", "comsumer_02.jpg"] * 2
    assert Counter(shown.item for shown in protocol.gallery) == {"id_00000003": 2, "id_00000004": 1}
    assert protocol.ks == (1, 20, 50)


def test_stanford_products_ask_all_test_photos_of_all_test_photos(tmp_path: Path) -> None:
    protocol = read_protocol("sop", write_sop(tmp_path))
    assert protocol.queries == protocol.gallery
    assert Counter(shown.item for shown in protocol.queries) == {"3": 3, "4": 2, "5": 3, "6": 2}
    assert protocol.ks == (1, 10, 100, 1000)


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


@pytest.mark.parametrize(
    ("name", "list_name", "old", "new", "reason"),
    [
        ("in-shop", PARTITION, "id_00000004 query", "query", r"line 10: .* has 2 words; expected 3"),
        ("in-shop", PARTITION, "id_00000004 query", "id_00000004 quary", "line 10: .* is 'quary'; expected"),
        ("in-shop", PARTITION, in_shop_name(4, 1), in_shop_name(3, 1), "line 10: .* was listed before"),
        ("in-shop", PARTITION, "16\n", "17\n", "line 1: announces 17 rows, 16 follow; is the file cut off"),
        ("in-shop", PARTITION, "16\n", "many\n", "line 1: 'many' is not the number of rows"),
        ("in-shop", "Anno/list_bbox_inshop.txt", "016  016", "016  o16", r"line 3: .* no box x_1 y_1"),
        ("in-shop", "Anno/list_bbox_inshop.txt", "080  080", "010  080", "line 3: .* used whole"),
        ("consumer-to-shop", PARTITION, "id_00000003 test", "id_00000003 tset", "line 7: the pair is 'tset'"),
        (
            "consumer-to-shop",
            PARTITION,
            "shop_02.jpg id_00000003 test\nimg/DRESSES/Lace_Dress/id_00000004",
            "shop_02.jpg id_00000004 test\nimg/DRESSES/Lace_Dress/id_00000004",
            "line 10: .*_02.jpg was listed before as another item's",
        ),
        ("sop", "Ebay_test.txt", "6 3 2", "6 3", r"Ebay_test\.txt, line 2: .* has 3 words; expected 4"),
    ],
)
def test_a_broken_line_is_named_and_costs_nothing_else(
    tmp_path: Path, name: str, list_name: str, old: str, new: str, reason: str
) -> None:
    WRITERS[name](tmp_path)
    replace_in(tmp_path / list_name, old, new)
    protocol = read_protocol(name, tmp_path)
    assert len(protocol.queries) >= 3
    (told,) = protocol.broken_lines
    assert re.search(reason, told), told
    assert told in [one.reason for one in read_drop(tmp_path).rejected], "a drop tells it, too"


def test_a_list_without_its_columns_is_refused_as_a_whole(tmp_path: Path) -> None:
    write_sop(tmp_path)
    replace_in(tmp_path / "Ebay_test.txt", "class_id", "klass")
    with pytest.raises(
        DropError, match=r"Ebay_test\.txt has no column class_id in line 1; expected image_id"
    ):
        read_protocol("sop", tmp_path)


def test_in_shop_is_ingested_as_items_with_catalogue_photos_and_boxes(tmp_path: Path) -> None:
    drop = read_drop(write_in_shop(tmp_path))
    assert (drop.layouts, drop.unknown, drop.rejected) == (("deepfashion-in-shop",), (), [])
    items: dict[str, Item] = {item.item_id: item for item in drop.rows["items"]}
    assert len(items) == 6
    third, fourth = items["inshop-id_00000003"], items["inshop-id_00000004"]
    assert (third.title, third.category, third.gender) == ("A knitted dress.", "Dresses", "Women")
    assert (third.colour, fourth.colour) == ("Cream", None), "one that comes in two colours has none"
    assert items["inshop-id_00000002"].title == "Men Tees Tanks id_00000002"
    assert {raw.photo.kind for raw in drop.photos} == {"catalogue"}
    assert {raw.photo.box for raw in drop.photos} == {Box(*IN_SHOP_BOX)}


def test_consumers_photos_are_ingested_as_shoppers_photos_of_the_item(tmp_path: Path) -> None:
    drop = read_drop(write_consumer_to_shop(tmp_path))
    assert (drop.layouts, drop.rejected) == (("deepfashion-consumer-to-shop",), [])
    assert Counter((raw.photo.kind, raw.photo.split) for raw in drop.photos) == {
        ("shopper", "train"): 2,
        ("catalogue", "train"): 1,
        ("shopper", "validation"): 2,
        ("catalogue", "validation"): 1,
        ("shopper", "test"): 4,
        ("catalogue", "test"): 3,
    }
    assert {item.category for item in drop.rows["items"]} == {"Lace Dress"}
    assert {raw.photo.item_id for raw in drop.photos} == {item.item_id for item in drop.rows["items"]}


def test_stanford_products_are_ingested_by_class(tmp_path: Path) -> None:
    drop = read_drop(write_sop(tmp_path))
    assert (drop.layouts, drop.rejected) == (("stanford-online-products",), [])
    items = {item.item_id: item for item in drop.rows["items"]}
    assert (items["sop-3"].category, items["sop-3"].split) == ("coffee maker", "test")
    assert items["sop-4"].title == "bicycle 4"


def test_the_published_test_part_stays_the_test_part_and_training_lends_some_for_validation() -> None:
    names = [f"inshop-id_{number:08d}" for number in range(2000)]
    assert {side_of(status, names[0], False) for status in ("query", "gallery", "test")} == {Split.TEST}
    sides = Counter(side_of("train", name, False) for name in names)
    assert set(sides) == {Split.TRAIN, Split.VALIDATION}
    assert 60 < sides[Split.VALIDATION] < 140, "one in twenty"
    assert {side_of("train", name, True) for name in names} == {Split.TRAIN}, "the set has a part for that"


def test_a_picture_that_is_not_there_is_a_rejected_photo_of_an_item_that_is(tmp_path: Path) -> None:
    write_in_shop(tmp_path)
    (tmp_path / "Img" / in_shop_name(3, 1)).unlink()
    drop = read_drop(tmp_path)
    assert [one.reason for one in drop.rejected] == [
        f"deepfashion-in-shop: the folder holds no picture {in_shop_name(3, 1)}"
    ]
    assert len(drop.rows["items"]) == 6


def test_a_name_of_a_list_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "secret.jpg").write_bytes(b"\xff\xd8")
    write_in_shop(tmp_path / "set")
    replace_in(tmp_path / "set" / PARTITION, in_shop_name(3, 1), "../secret.jpg")
    replace_in(tmp_path / "set" / PARTITION, in_shop_name(4, 1), str(tmp_path / "secret.jpg"))
    found = {shown.item: shown.file for shown in read_protocol("in-shop", tmp_path / "set").queries}
    assert found["id_00000003"] is None
    assert found["id_00000004"] is None
