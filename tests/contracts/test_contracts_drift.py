"""Drift must tell a changed catalogue from a small drop; leakage must name the pair."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from atelier.contracts.drift import CategoryShares, measure_drift

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


def test_importing_the_room_does_not_import_great_expectations() -> None:
    code = "import sys, atelier.contracts.check; sys.exit('great_expectations' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
