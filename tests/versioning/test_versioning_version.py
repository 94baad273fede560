"""Versions are found by the beginnings of their digests."""

from __future__ import annotations

from pathlib import Path

import pytest
from versioning_home import Home, a_home

from atelier.errors import VersionError
from atelier.versioning.restore import restore
from atelier.versioning.version import find, pointed_digest
from atelier.versioning.workspace import current


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return a_home(tmp_path / "home")


def test_an_unknown_or_ambiguous_version_names_those_there_are(home: Home) -> None:
    first = home.snapshot("monday")
    for prefix in ("nonsense", ""):
        with pytest.raises(VersionError, match=rf"{first} \(monday\)"):
            restore(home.settings, prefix)
    assert find(home.settings, first.digest.upper()) == first


def test_a_pointer_from_elsewhere_is_known_but_not_current(home: Home) -> None:
    version = home.snapshot()
    (home.settings.versions_dir / f"{version.digest}.json").unlink()
    assert pointed_digest(home.settings) == version.digest
    assert current(home.settings) is None
    home.settings.data_pointer_path.write_text("<<<<<<< HEAD")
    with pytest.raises(VersionError, match="names no version"):
        current(home.settings)
