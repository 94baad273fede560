"""Published sides stay, and broken lines and names cost themselves alone."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from public_sets_world import (
    in_shop_name,
    replace_in,
    write_in_shop,
)

from atelier.datasets.drop import read_drop
from atelier.datasets.layouts.public_set import side_of
from atelier.datasets.public_sets import read_protocol
from atelier.vocabulary import Split

PARTITION = "Eval/list_eval_partition.txt"


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
