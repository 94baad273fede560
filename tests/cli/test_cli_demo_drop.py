"""The demo makes its drop once, and tells whether its data are the committed ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from atelier.cli import demo
from atelier.settings import PROJECT_ROOT, Settings


def test_a_drop_that_is_there_is_not_made_again(tmp_path: Path) -> None:
    settings, drop_dir = Settings(home=tmp_path), tmp_path / "demo" / "drop"
    assert demo._simulated(settings, drop_dir, 4, seed=1, quiet=True) == drop_dir
    before = {path.name: path.stat().st_mtime_ns for path in drop_dir.iterdir()}
    demo._simulated(settings, drop_dir, 4, seed=1, quiet=True)
    assert {path.name: path.stat().st_mtime_ns for path in drop_dir.iterdir()} == before


@pytest.mark.parametrize("same", [True, False])
def test_the_pointer_is_compared_to_the_byte_with_the_committed_one(tmp_path: Path, same: bool) -> None:
    settings = Settings(home=tmp_path)
    committed = (PROJECT_ROOT / "data.dvc").read_bytes()
    settings.data_pointer_path.write_bytes(committed if same else committed + b"\n")
    said = demo._compare_with_committed(settings)
    assert said.startswith("reproduced" if same else "NOT reproduced")
