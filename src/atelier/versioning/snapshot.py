"""Records the content of `data/` as a version: in the cache, in the remote, and in `data.dvc`."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from atelier.errors import VersionError
from atelier.settings import Settings
from atelier.versioning.repository import Object, Repository, file_objects, list_object, opened
from atelier.versioning.version import DataVersion, record, recorded, write_at_once
from atelier.versioning.workspace import current, finish_replacing

POINTER = """\
outs:
- md5: {digest}.dir
  size: {num_bytes}
  nfiles: {num_files}
  hash: md5
  path: data
"""


def snapshot(
    settings: Settings, drop: str, counts: Mapping[str, int], category_shares: Mapping[str, int]
) -> DataVersion:
    """Record the current content of `data/` as a version. Its digest depends on names and bytes alone.

    drop: name of the drop that led to it. counts: rows of each table. category_shares: items of each
    category.
    Content that was accepted before gives the version recorded then. Bytes go first, then the record, then
    `data.dvc`, so that a call that was killed is finished by the next, and what `data.dvc` points to can
    always be restored. Files that did not change since the last call are not read again.
    Raises VersionError where there is no data, or where a step of DVC or git fails.
    """
    with opened(settings) as repository:
        finish_replacing(settings)
        if not any(path.is_file() for path in settings.data_dir.rglob("*")):
            raise VersionError(
                f"{settings.data_dir} holds no files to make a version of; ingest a drop first."
            )
        parent = current(settings)
        digest, num_bytes, num_files = _store(settings, repository, parent)
        version = recorded(settings, digest) or DataVersion(
            digest=digest,
            created_at=datetime.now(UTC).isoformat(timespec="microseconds"),
            drop=drop,
            counts=dict(counts),
            category_shares=dict(category_shares),
            num_bytes=num_bytes,
            num_files=num_files,
            pointer=POINTER.format(digest=digest, num_bytes=num_bytes, num_files=num_files),
            parent=None if parent is None else parent.digest,
        )
        record(settings, version)
        write_at_once(settings.data_pointer_path, version.pointer)
    if settings.commit_pointer:
        _commit_pointer(settings, version)
    return version


def _store(settings: Settings, repository: Repository, parent: DataVersion | None) -> tuple[str, int, int]:
    """Brings all of `data/` into cache and remote; returns its digest, bytes and files.

    Objects that the parent lacks are hashed where they lie already: what an earlier attempt or a power cut
    left there is not trusted.
    """
    from dvc.fs import LocalFileSystem
    from dvc_data.hashfile.build import build

    cache, remote = repository.cache, repository.remote
    built: tuple[Any, Any, Any] = build(
        cache, str(settings.data_dir), LocalFileSystem(), "md5", ignore=repository.dvc.dvcignore
    )
    staging, meta, tree = built
    folder = Object(tree.hash_info.value, "")
    known = _known_oids(repository, parent)
    new = [thing for thing in (folder, *file_objects(tree.as_bytes())) if thing.oid not in known]
    for source, target in ((staging, cache), (cache, remote)):
        repository.forget_damaged(target, new)
        repository.transfer(source, target, tree.hash_info)
    return folder.digest, meta.size, meta.nfiles


def _known_oids(repository: Repository, version: DataVersion | None) -> set[str]:
    """The objects of a version whose list of files is at hand and whole; of any other, none."""
    if version is None:
        return set()
    folder, listing = list_object(version), BytesIO()
    if repository.copy_and_hash(repository.cache, folder, listing) != folder.digest:
        return set()
    return {folder.oid, *(thing.oid for thing in file_objects(listing.getvalue()))}


def _commit_pointer(settings: Settings, version: DataVersion) -> None:
    """Commits `data.dvc` and nothing else, unless it is committed already."""
    pointer = settings.data_pointer_path.name
    if _git(settings, "status", "--porcelain", "--", pointer):
        _git(settings, "add", "--", pointer)
        _git(
            settings, "commit", "--quiet", "-m", f"data: version {version} from {version.drop}", "--", pointer
        )


def _git(settings: Settings, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(settings.home), *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise VersionError(
            f"data.dvc could not be committed: `git {' '.join(arguments[:2])}` in {settings.home} said: "
            f"{(done.stderr or done.stdout).strip()}. The version is recorded; mend the "
            f"checkout, or unset ATELIER_COMMIT_POINTER."
        )
    return done.stdout
