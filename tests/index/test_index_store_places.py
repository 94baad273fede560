"""Indexes in homes with names that LanceDB would write elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from index_world import CONTRACT, CountingEncoder, catalogue

from atelier.index.build import build, build_without
from atelier.index.query import IndexReader
from atelier.index.retention import drop_all_but
from atelier.index.store import require_verified, seems_present
from atelier.index.verify import Bars, verify
from atelier.settings import Settings


@pytest.mark.parametrize("name", ["müller", "c#sharp {x} %20", 'what\'s "this" $HOME'])
def test_everything_lies_beneath_home_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    """Tags were written to `m%C3%BCller`, which a home whose parent cannot be written refuses."""
    settings = Settings(home=tmp_path / name)
    built = build(
        settings, catalogue(20), CountingEncoder(), contract_json=CONTRACT, data_version="d1", progress=False
    )
    counts = dict.fromkeys(("Dresses", "Jeans", "Shirts", "Watches"), 5)
    verify(settings, built.version, counts, Bars(min_self_recall=0))
    require_verified(settings, built.version)
    assert seems_present(settings, built.version)
    less = build_without(settings, built.version, ["00003"], "w1")
    assert len(IndexReader.open(settings, less.version)) == 19
    drop_all_but(settings, [built.version])
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (settings.home / "indexes" / f"{built.version.table}.lance").is_dir()
