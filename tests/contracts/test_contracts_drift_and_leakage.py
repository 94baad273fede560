"""Drift must tell a changed catalogue from a small drop; leakage must name the pair."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pytest

from atelier.contracts.drift import CategoryShares, measure_drift
from atelier.contracts.leakage import check_leakage
from atelier.errors import LeakageError

PREVIOUS = CategoryShares({f"category {n}": 10 * (n + 1) for n in range(50)})


def drawn(size: int, seed: int) -> CategoryShares:
    counts = np.array(list(PREVIOUS.counts.values()))
    drop = np.random.default_rng(seed).multinomial(size, counts / counts.sum())
    return CategoryShares(dict(zip(PREVIOUS.counts, drop.tolist(), strict=True)))


@pytest.mark.parametrize("size", [1, 20, 200, 5_000])
def test_a_drop_drawn_from_the_last_version_is_within_chance_whatever_its_size(size: int) -> None:
    drifts = [measure_drift(drawn(size, seed), PREVIOUS) for seed in range(10)]
    assert all(drift is not None and drift.beyond_chance < 0.02 for drift in drifts)


def test_new_categories_are_drift_once_the_drop_is_large_enough_to_tell() -> None:
    new = measure_drift(CategoryShares({"new": 300}), PREVIOUS)
    one = measure_drift(CategoryShares({"category 3": 1}), PREVIOUS)
    assert new is not None
    assert new.distance == pytest.approx(1.0)
    assert new.beyond_chance > 0.4
    assert one is not None
    assert one.beyond_chance == 0.0


def test_drift_needs_two_sides() -> None:
    assert measure_drift(CategoryShares({}), PREVIOUS) is None
    assert measure_drift(PREVIOUS, CategoryShares({})) is None


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


def test_importing_the_room_does_not_import_great_expectations() -> None:
    code = "import sys, atelier.contracts.check; sys.exit('great_expectations' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
