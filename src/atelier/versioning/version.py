"""The versions that were accepted: one small file each beneath `stores/versions/`.

A version's record holds the text of its `data.dvc`, so it can be restored even if nobody committed that file.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from atelier.errors import VersionError
from atelier.settings import Settings

SHOWN_DIGITS = 12


@dataclass(frozen=True)
class DataVersion:
    """One accepted state of `data/`."""

    digest: str
    """Of the folder's content alone: names and bytes. 32 hexadecimal digits, as in `data.dvc`."""
    created_at: str
    """ISO 8601, UTC."""
    drop: str
    """Name of the drop that led to it."""
    counts: Mapping[str, int]
    """Rows of each table."""
    category_shares: Mapping[str, int]
    """Items of each category."""
    num_bytes: int
    num_files: int
    pointer: str
    """The text of `data.dvc`."""
    parent: str | None
    """Digest of the version it was made from."""

    def __str__(self) -> str:
        return self.digest[:SHOWN_DIGITS]


def versions(settings: Settings) -> list[DataVersion]:
    """List all accepted versions, oldest first."""
    paths = settings.versions_dir.glob("*.json")
    return sorted((_read(path) for path in paths), key=lambda version: (version.created_at, version.digest))


def pointed_digest(settings: Settings) -> str | None:
    """Read the digest in `data.dvc`, whether or not that version was accepted in this workspace."""
    try:
        text = settings.data_pointer_path.read_text()
    except FileNotFoundError:
        return None
    found = re.search(r"^- md5: ([0-9a-f]{32})\.dir$", text, re.MULTILINE)
    if found is None:
        raise VersionError(
            f"{settings.data_pointer_path} names no version (expected a line '- md5: <32 digits>.dir'). "
            f"Remove it and run `atelier data restore VERSION`, or take it back from git."
        )
    return found[1]


def find(settings: Settings, digest_prefix: str) -> DataVersion:
    """Find the one version whose digest begins so. VersionError: there is not just one; names the known
    ones.
    """
    known = versions(settings)
    found = [version for version in known if version.digest.startswith(digest_prefix.lower())]
    if len(found) == 1 and digest_prefix:
        return found[0]
    listed = ", ".join(f"{version} ({version.drop})" for version in (found or known)) or "none yet"
    raise VersionError(
        f"{len(found)} data versions begin with {digest_prefix!r} (expected one). "
        f"{'These do' if found else 'Known ones'}: {listed}. `atelier data list` tells more."
    )


def recorded(settings: Settings, digest: str) -> DataVersion | None:
    path = _path(settings, digest)
    return _read(path) if path.is_file() else None


def record(settings: Settings, version: DataVersion) -> None:
    settings.versions_dir.mkdir(parents=True, exist_ok=True)
    write_at_once(
        _path(settings, version.digest), json.dumps(asdict(version), indent=2, sort_keys=True) + "\n"
    )


def write_at_once(path: Path, text: str) -> None:
    """Write a whole text or leave the file as it was, even after a power cut."""
    partial = path.with_name(path.name + ".partial")
    with partial.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def _path(settings: Settings, digest: str) -> Path:
    return settings.versions_dir / f"{digest}.json"


def _read(path: Path) -> DataVersion:
    try:
        return DataVersion(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise VersionError(
            f"{path} is not the record of a data version ({error}). "
            f"Take it back from a backup, or remove it if you do not need that version."
        ) from error
