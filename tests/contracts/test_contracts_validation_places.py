"""Data Docs are written where they are asked for, whatever that place is called."""

from __future__ import annotations

from pathlib import Path

import pytest

from atelier.contracts.validation import ContractValidation


@pytest.mark.parametrize("name", ["d$HOME", "${HOME}", "$nobody_set_this", "a\\$b", "x{home} %(y)s #1, ü"])
def test_data_docs_lie_in_their_folder(tmp_path: Path, name: str) -> None:
    ContractValidation(tmp_path / name / "reports").write_docs()
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert list((tmp_path / name / "reports").rglob("index.html"))
