"""A family's served model is loaded by the name of the family alone."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import atelier.families
from atelier.families.served import load_served


def test_a_family_that_serving_does_not_know_is_loaded_by_its_own_loader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "parasols").mkdir()
    (tmp_path / "parasols" / "__init__.py").touch()
    (tmp_path / "parasols" / "inference.py").write_text(
        "def load(folder, threads):\n    return folder.name, threads\n"
    )
    monkeypatch.setattr(atelier.families, "__path__", [*atelier.families.__path__, str(tmp_path)])
    assert load_served("parasols", tmp_path / "release", 3) == ("release", 3)
    for name in [name for name in sys.modules if name.startswith("atelier.families.parasols")]:
        del sys.modules[name]


def test_a_family_without_a_folder_is_unknown(tmp_path: Path) -> None:
    with pytest.raises(ModuleNotFoundError, match=r"atelier\.families\.caption"):
        load_served("caption", tmp_path, 1)
