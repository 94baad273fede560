"""Folders that travel between machines: a list of every file's sha256, and one digest over the list.

The digest is that of the file `files.json`: `sha256sum FOLDER/files.json` prints it too.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from atelier.errors import DigestError

LIST_FILE = "files.json"


def write_checksums(folder: Path) -> str:
    """Write the list of all that lies in a folder, and return the digest over it."""
    digests = {name: _digest(path) for name, path in sorted(_files(folder).items()) if name != LIST_FILE}
    (folder / LIST_FILE).write_text(json.dumps(digests, indent=2) + "\n")
    return digest_of(folder)


def digest_of(folder: Path) -> str:
    """Return the digest over a finished folder's list of files. DigestError: the folder has no list."""
    if not (folder / LIST_FILE).is_file():
        raise DigestError(
            f"{folder} has no {LIST_FILE} (expected a folder that `atelier pack` or "
            f"`python -m atelier.lifecycle.train_pack` finished)"
        )
    return _digest(folder / LIST_FILE)


def check(folder: Path, digest: str | None = None) -> str:
    """Hash every file again; returns the digest over all.

    DigestError names the first file that is missing, added or changed, or says that `digest` is another.
    """
    found = digest_of(folder)
    if digest is not None and found != digest.lower():
        raise DigestError(
            f"{folder}: expected the digest {digest}, found {found}. Take the digest that was printed where "
            f"the folder was made, and copy the folder again if it changed on its way"
        )
    listed: dict[str, str] = json.loads((folder / LIST_FILE).read_text())
    files = {name: path for name, path in _files(folder).items() if name != LIST_FILE}
    for name in sorted(listed.keys() | files.keys()):
        if name not in files:
            raise DigestError(f"{folder}: {name} is missing. Copy the folder again")
        if name not in listed:
            raise DigestError(f"{folder}: {name} was added after the folder was finished. Remove it")
        if _digest(files[name]) != listed[name]:
            raise DigestError(
                f"{folder}: {name} is not the file that was made (expected sha256 {listed[name][:16]}..., "
                f"found {_digest(files[name])[:16]}...). Copy the folder again"
            )
    return found


def _files(folder: Path) -> dict[str, Path]:
    """Every file beneath a folder by its relative path. DigestError: one is a link."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if not path.is_dir()}
    for name, path in found.items():
        if path.is_symlink() or not path.is_file():
            raise DigestError(f"{folder}: {name} is a link or no plain file. Copy what it points at instead")
    return found


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
