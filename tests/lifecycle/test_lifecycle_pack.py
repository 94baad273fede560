"""Packing writes a new folder whole, or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from packed_world import Elsewhere

from atelier.errors import TrainingError, VersionError
from atelier.jobs.retrieval.family import RETRIEVAL
from atelier.lifecycle.pack import pack
from atelier.settings import Settings


@pytest.fixture(scope="module")
def elsewhere(packed_dir: Path) -> Elsewhere:
    return Elsewhere.at(packed_dir)


def test_packing_over_something_or_without_data_is_refused(elsewhere: Elsewhere, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="exists already"):
        pack(elsewhere.settings, RETRIEVAL, tmp_path, "debug", progress=False)
    with pytest.raises(VersionError, match="atelier ingest DIR"):
        pack(Settings(home=tmp_path), RETRIEVAL, tmp_path / "pack", "debug", progress=False)
