"""Nothing stands on two sides of a split."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from atelier.contracts.leakage import check_leakage
from atelier.errors import LeakageError


def items(*splits: str, group: str | None = None) -> pd.DataFrame:
    rows = [(f"i{n}", group, split) for n, split in enumerate(splits)]
    return pd.DataFrame(rows, columns=["item_id", "duplicate_group", "split"], dtype=object)


def photos(*splits: str, **columns: Any) -> pd.DataFrame:
    rows = [{"photo_id": f"p{n}", "split": split} for n, split in enumerate(splits)]
    return pd.DataFrame(rows, dtype=object).assign(
        **{"item_id": None, "sender": None, "phash": None, **columns}
    )


def test_one_side_for_all_is_no_leak() -> None:
    check_leakage(items("train", "train", group="g"), photos("train", "train", phash="0" * 16, sender="s"))
    check_leakage(items("train", "test"), photos("train", "test", item_id=["i0", "i1"]), [])


def test_members_of_a_duplicate_group_on_two_sides_are_named() -> None:
    with pytest.raises(LeakageError, match="duplicate group g: i0 is train, i1 is test"):
        check_leakage(items("train", "test", group="g"), photos("train"))


def test_one_sender_on_two_sides_is_named() -> None:
    with pytest.raises(LeakageError, match="photos of sender s: p0 is train, p1 is validation"):
        check_leakage(items("train"), photos("train", "validation", sender="s"))


def test_the_same_perceptual_hash_on_two_sides_is_named() -> None:
    with pytest.raises(LeakageError, match=r"perceptual hash 0+: p0 is train, p1 is test"):
        check_leakage(items("train"), photos("train", "test", phash="0" * 16))


def test_near_duplicates_on_two_sides_are_named() -> None:
    pairs = [("p0", "p1"), ("p0", "p2")]
    with pytest.raises(LeakageError, match=r"^1 pairs .* p0 is train, p2 is test"):
        check_leakage(items("train"), photos("train", "train", "test"), pairs)


def test_a_photo_on_another_side_than_its_item_is_named() -> None:
    with pytest.raises(LeakageError, match="photo p0 is test, its item i0 is train"):
        check_leakage(items("train"), photos("test", item_id="i0"))
