"""The DVC repository at home: its configuration, and the objects in its cache and its remote.

DVC works without git here (`no_scm`), so that a home needs no checkout, and no `.gitignore` is touched. We
use its storage layer and write `data.dvc` ourselves: its `add` would first walk through everything beneath
home to look for other pointers. DVC's own commands work in this repository as in any other.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from atelier.errors import VersionError
from atelier.places import plain, real
from atelier.settings import Settings
from atelier.versioning.version import DataVersion, write_at_once
from atelier.versioning.workspace import to_ourselves

CHUNK_BYTES = 1 << 20
REMOTE = "store"

CONFIG = f"""\
[core]
    no_scm = true
    analytics = false
    check_update = false
    remote = {REMOTE}
[cache]
    type = "reflink,copy"
['remote "{REMOTE}"']
    url = ../stores/dvc
"""


def ensure_repo(settings: Settings) -> None:
    """Create or open the DVC repository at `settings.home`, configured by the settings. Cheap; call it at any
    time.

    `.dvc/config` is the same everywhere, so that it can be committed; `.dvc/config.local` holds what differs.
    Neither names the home, so that it can be moved and be called anything.
    """
    dvc_dir = settings.home / ".dvc"
    dvc_dir.mkdir(parents=True, exist_ok=True)
    for path, text in ((dvc_dir / "config", CONFIG), (dvc_dir / "config.local", _local_config(settings))):
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            write_at_once(path, text)


def _local_config(settings: Settings) -> str:
    """Where the remote is, if not where `CONFIG` says; quoted as DVC's own parser reads it."""
    from configobj import ConfigObj

    remote = {"url": settings.data_remote, "endpointurl": settings.data_remote_endpoint}
    local = ConfigObj(interpolation=False, encoding="utf-8")
    local[f'remote "{REMOTE}"'] = {name: value for name, value in remote.items() if value}
    lines: list[bytes] = local.write()
    return "".join(f"{line.decode()}\n" for line in lines)


def _places(settings: Settings) -> dict[str, Any]:
    """What our own process tells DVC beside the files: where things lie, by names that it cannot misread."""
    dvc_dir = plain(settings.home / ".dvc")
    places: dict[str, Any] = {
        # Not in a folder of the machine that other users share.
        "core": {"site_cache_dir": str(dvc_dir / "tmp" / "site")},
        "cache": {"dir": str(dvc_dir / "cache")},
    }
    if "://" not in settings.remote_url:
        places["remote"] = {REMOTE: {"url": str(plain(Path(settings.remote_url)))}}
    return places


@dataclass(frozen=True)
class Object:
    """One file of a version, or the list of its files, stored under the digest of its bytes."""

    oid: str
    """MD5; of a list of files with '.dir' at the end."""
    path: str
    """Where it lies beneath `data/`; '' for the list itself."""

    @property
    def digest(self) -> str:
        return self.oid.removesuffix(".dir")

    def __str__(self) -> str:
        return f"data/{self.path}" if self.path else "the list of files of data/"


class Repository:
    """DVC's cache and remote: two places, each with every object of every version."""

    def __init__(self, repo: Any) -> None:
        self.dvc = repo
        self.cache: Any = repo.cache.local
        self.remote: Any = repo.cloud.get_remote_odb(REMOTE)

    def copy_and_hash(self, store: Any, thing: Object, target: IO[bytes] | None = None) -> str | None:
        """Copy an object to `target` and return its MD5; None where it is missing."""
        digest = hashlib.md5(usedforsecurity=False)
        try:
            with store.fs.open(store.oid_to_path(thing.oid), "rb") as file:
                while chunk := file.read(CHUNK_BYTES):
                    digest.update(chunk)
                    if target is not None:
                        target.write(chunk)
        except FileNotFoundError:
            return None
        return digest.hexdigest()

    def forget_damaged(self, store: Any, things: list[Object]) -> None:
        """Remove the objects whose bytes are wrong: DVC never replaces what is there."""
        for thing in things:
            if self.copy_and_hash(store, thing) not in (None, thing.digest):
                store.fs.remove(store.oid_to_path(thing.oid))

    def transfer(self, source: Any, target: Any, folder: Any) -> None:
        """Copies a folder's objects that `target` lacks, its list of files last."""
        from dvc_data.hashfile.transfer import transfer

        result = transfer(source, target, {folder}, shallow=False, cache_odb=source)
        if result.failed:
            raise VersionError(
                f"{len(result.failed)} objects could not be copied to {real(target.path)}. Check that it can "
                f"be written and has room, and run this again: what is there already is not copied twice."
            )


def list_object(version: DataVersion) -> Object:
    """Read the list of a version's files."""
    return Object(f"{version.digest}.dir", "")


def file_objects(listing: bytes) -> list[Object]:
    """List the files of a version, from the bytes of its list."""
    return [Object(entry["md5"], entry["relpath"]) for entry in json.loads(listing)]


@contextmanager
def opened(settings: Settings) -> Iterator[Repository]:
    """Lock the repository until the block ends. The lock ends with its process."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo, lock_repo

    ensure_repo(settings)
    with to_ourselves(settings):
        repo = Repo(str(settings.home), config=_places(settings))
        try:
            with lock_repo(repo):
                yield Repository(repo)
        except DvcException as error:
            raise VersionError(
                f"DVC could not work in {settings.home}: {error}. Check .dvc/config.local there and the "
                f"remote {settings.remote_url}, and run this again."
            ) from error
        finally:
            repo.close()
