"""Packs hold what is trained on, without a pickle, and arrays once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from packed_world import Elsewhere

from atelier.families.retrieval.training import Material
from atelier.jobs.retrieval.family import RETRIEVAL
from atelier.jobs.retrieval.material import load_material
from atelier.lifecycle.context import current_version
from atelier.lifecycle.packing import read_pack


@pytest.fixture(scope="module")
def elsewhere(packed_dir: Path) -> Elsewhere:
    return Elsewhere.at(packed_dir)


def test_a_pack_holds_what_the_workspace_trains_on(elsewhere: Elsewhere) -> None:
    here = load_material(
        elsewhere.settings, RETRIEVAL.preset("debug").teacher, current_version(elsewhere.settings), False
    )
    there: Material = read_pack(elsewhere.pack_dir).material("teacher")
    assert np.array_equal(here.products.frames_N4FF, there.products.frames_N4FF)
    assert here.products.labels.categories == there.products.labels.categories
    assert np.array_equal(here.products.labels.cluster_N, there.products.labels.cluster_N)
    assert here.streets_M3HW.equal(there.streets_M3HW)
    assert here.validation.queries.keys() == there.validation.queries.keys()
    assert len(here.validation.queries) > 0, "this world has validation searches"
    for kind, pictures in here.validation.queries.items():
        assert np.array_equal(pictures, there.validation.queries[kind])
    assert not list(elsewhere.pack_dir.rglob("*.pkl"))


def test_arrays_that_stages_share_are_packed_once(elsewhere: Elsewhere) -> None:
    assert list(elsewhere.pack_dir.rglob("*frames_N4FF.npy")) == [
        elsewhere.pack_dir / "arrays" / "facts.products.frames_N4FF.npy"
    ]
