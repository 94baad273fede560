"""`releases/`: stage a release whole, make it live by one atomic step, go back by the same step.

`releases/<id>/` never changes once it is there. `releases/live` holds the id of the live one and is only ever
replaced, so a reader sees the old id or the new one and nothing between. `releases/history.jsonl` remembers
every step for roll-backs.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from atelier.errors import CatalogueIndexError, DigestError, NoReleaseError, ReleaseError
from atelier.index.schema import IndexVersion
from atelier.index.store import require_verified, rows_by_item
from atelier.index.verify import Verification
from atelier.release.manifest import ModelFiles, Release, content_digest
from atelier.settings import Settings

MANIFEST = "manifest.json"
STAGING_PREFIX = ".staging-"
_LIVE = "live"
_HISTORY = "history.jsonl"
_LOCK = ".lock"


def live(settings: Settings) -> Release:
    """The release that answers now. NoReleaseError: nothing is live yet."""
    release_id = live_id(settings)
    if release_id is None:
        raise NoReleaseError("nothing is live yet; `atelier retrain` trains and promotes a first release")
    return show(settings, release_id)


def live_id(settings: Settings) -> str | None:
    """The id of the live release: one small read, cheap enough to ask every second."""
    try:
        return (settings.releases_dir / _LIVE).read_text().strip()
    except FileNotFoundError:
        return None


def show(settings: Settings, release_id: str) -> Release:
    """One release by its id, or by an unambiguous beginning of it. ReleaseError: there is no such release."""
    known = _release_ids(settings)
    matching = [each for each in known if each.startswith(release_id)]
    if release_id in matching:
        matching = [release_id]
    if len(matching) != 1:
        raise ReleaseError(
            f"release {release_id!r} is {'ambiguous' if matching else 'unknown'}; expected one of "
            f"{', '.join(matching or known) or 'none, for nothing was released yet'}"
        )
    path = settings.releases_dir / matching[0] / MANIFEST
    return Release.from_json(path.read_text(), where=str(path))


def list_releases(settings: Settings) -> list[Release]:
    """Every whole release, the newest first. One half-written by a killed process is none."""
    releases = [show(settings, release_id) for release_id in _release_ids(settings)]
    return sorted(releases, key=lambda release: release.created_at, reverse=True)


def stage(
    settings: Settings,
    *,
    data_version: str,
    models: Mapping[str, ModelFiles],
    index: IndexVersion,
    verification: Verification,
    files: Mapping[str, Path],
    note: str = "",
) -> Release:
    """Put a release together; nobody is served by it until `promote`.

    `files` maps a path inside the release to the file to copy there. Staging what a release already holds,
    the live one above all, returns that release.
    """
    root = settings.releases_dir
    root.mkdir(parents=True, exist_ok=True)
    folder = Path(mkdtemp(dir=root, prefix=STAGING_PREFIX))
    try:
        digests = {name: _copy(source, folder / name) for name, source in sorted(files.items())}
        digest = content_digest(data_version, models, index, digests)
        same = _find_same(settings, digest)
        if same is not None:
            return same
        now = datetime.now(UTC)
        created_at = now.isoformat(timespec="microseconds")
        name = hashlib.sha256(f"{digest} {created_at}".encode()).hexdigest()[:8]
        release = Release(
            release_id=f"{now:%Y%m%dT%H%M%S}-{name}",
            created_at=created_at,
            data_version=data_version,
            models=dict(models),
            index=index,
            verification=verification,
            files=digests,
            parent=live_id(settings),
            note=note,
        )
        _write_synced(folder / MANIFEST, release.to_json())
        _sync_folders(folder)
        folder.chmod(0o755)
        folder.rename(root / release.release_id)
        _sync(root)
        return release
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def promote(settings: Settings, release_id: str) -> Release:
    """Make a release live, after checking that all of it is there.

    ReleaseError: a file is missing or has another digest, or its index is gone or was never verified; what
    was live stays live.
    """
    return _go_live(settings, release_id, why="promote")


def succeed(settings: Settings, release_id: str) -> Release:
    """Make a release live in the place of the live one: a roll-back from it goes to where that one came from.

    For what must not come back, such as withdrawn items. Raises as `promote` does.
    """
    return _go_live(settings, release_id, why="succeed", in_place_of=live_id(settings))


def rollback(settings: Settings, to: str | None = None, *, instead: str | None = None) -> Release:
    """Make an earlier release live again: `to`, or the one that was live before the present one.

    `instead` names the release that takes its place on the way back: the same without what was withdrawn.
    Roll back twice to go two steps back. ReleaseError: there is none, or its files or index are gone.
    """
    if to is None:
        present = live(settings).release_id
        to = previous_id(settings)
        if to is None:
            raise ReleaseError(f"nothing was live before {present}; name one of `atelier release list`")
    return _go_live(settings, instead or to, why="rollback", in_place_of=to if instead else None)


def previous_id(settings: Settings) -> str | None:
    """The release that `rollback` would return to: live before the present one; None where there was none."""
    trail = _trail(settings)
    return trail[-2] if len(trail) > 1 else None


def damaged_files(settings: Settings, release: Release) -> list[str]:
    """Files of a release that are missing or have another digest than its manifest says."""
    folder = settings.releases_dir / release.release_id
    return [name for name, expected in release.files.items() if _digest(folder / name) != expected]


def require_file(settings: Settings, release: Release, name: str) -> Path:
    """The path of a release's file. DigestError: it is not the one that the manifest names."""
    path = settings.releases_dir / release.release_id / name
    expected, seen = release.files.get(name, "not listed"), _digest(path)
    if seen != expected:
        raise DigestError(
            f"{path}: the manifest of release {release.release_id} expects sha256 {expected[:16]}, "
            f"seen {seen[:16]}. Roll back to another release, or publish anew."
        )
    return path


@dataclass(frozen=True)
class Change:
    """One line of a comparison, in words."""

    what: str
    before: str
    after: str


def diff(settings: Settings, one: Release, other: Release) -> list[Change]:
    """What is different in `other`: data, models, files, and items row by row. Empty when alike."""
    lines = [
        ("data version", one.data_version, other.data_version),
        *_pairs("model", _model_names(one), _model_names(other)),
        ("index rows", str(one.index.rows), str(other.index.rows)),
        ("index search", one.index.search, other.index.search),
        ("embedding contract", one.index.contract_digest[:12], other.index.contract_digest[:12]),
        *_pairs("file", one.files, other.files),
    ]
    changes = [Change(what, before[:64], after[:64]) for what, before, after in lines if before != after]
    if (one.index.table, one.index.version) != (other.index.table, other.index.version):
        changes.append(Change("items", str(one.index.rows), _compare_items(settings, one, other)))
    return changes


@contextmanager
def publishing(settings: Settings) -> Iterator[None]:
    """Only one process at a time builds, promotes or collects; a second waits. A killed holder lets go."""
    settings.releases_dir.mkdir(parents=True, exist_ok=True)
    with (settings.releases_dir / _LOCK).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _go_live(settings: Settings, release_id: str, why: str, in_place_of: str | None = None) -> Release:
    release = show(settings, release_id)
    _require_whole(settings, release)
    before = live_id(settings)
    if before != release.release_id:
        _replace_live(settings, release.release_id)
        _remember(settings, release.release_id, before, why, in_place_of)
    return release


def _release_ids(settings: Settings) -> list[str]:
    """Ids of whole releases, the oldest first."""
    return sorted(
        path.parent.name
        for path in settings.releases_dir.glob(f"*/{MANIFEST}")
        if not path.parent.name.startswith(".")
    )


def _find_same(settings: Settings, digest: str) -> Release | None:
    same = [
        release
        for release in list_releases(settings)
        if release.content_digest == digest and not damaged_files(settings, release)
    ]
    return next(
        (release for release in same if release.release_id == live_id(settings)), next(iter(same), None)
    )


def _pairs(kind: str, one: Mapping[str, str], other: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    for name in sorted(one.keys() | other.keys()):
        yield f"{kind} {name}", one.get(name, "-"), other.get(name, "-")


def _model_names(release: Release) -> dict[str, str]:
    return {
        family: f"{model.name} {model.version} ({model.digest[:12]})"
        for family, model in release.models.items()
    }


def _compare_items(settings: Settings, one: Release, other: Release) -> str:
    try:
        before, after = rows_by_item(settings, one.index), rows_by_item(settings, other.index)
    except CatalogueIndexError:
        return f"{other.index.rows} (an index is gone: not compared)"
    added, removed = after.keys() - before.keys(), before.keys() - after.keys()
    changed = [item_id for item_id in after.keys() & before.keys() if after[item_id] != before[item_id]]
    return f"{len(after)} ({len(added)} added, {len(removed)} removed, {len(changed)} changed)"


def _require_whole(settings: Settings, release: Release) -> None:
    for name in damaged_files(settings, release):
        seen = _digest(settings.releases_dir / release.release_id / name)
        raise ReleaseError(
            f"release {release.release_id} is not whole: {name} should have sha256 "
            f"{release.files[name][:16]}, seen {seen[:16]}. What was live stays live; `atelier retrain` "
            f"makes a new release."
        )
    try:
        require_verified(settings, release.index)
    except CatalogueIndexError as error:
        raise ReleaseError(f"release {release.release_id} is not whole: {error}") from error


def _replace_live(settings: Settings, release_id: str) -> None:
    """The one atomic step: whoever reads `live` gets the old id or the new one, also after a power cut."""
    new_path = settings.releases_dir / f"{STAGING_PREFIX}live"
    _write_synced(new_path, release_id + "\n")
    new_path.replace(settings.releases_dir / _LIVE)
    _sync(settings.releases_dir)


def _remember(
    settings: Settings, release_id: str, before: str | None, why: str, in_place_of: str | None
) -> None:
    entry = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "release_id": release_id,
        "before": before,
        "why": why,
    }
    if in_place_of not in (None, release_id):
        entry["in_place_of"] = in_place_of
    with (settings.releases_dir / _HISTORY).open("a") as file:
        # The line break comes first: a torn last line, of a process killed here, spoils no later one.
        file.write("\n" + json.dumps(entry))
        file.flush()
        os.fsync(file.fileno())


def _history(settings: Settings) -> Iterator[dict[str, Any]]:
    path = settings.releases_dir / _HISTORY
    for line in path.read_text().splitlines() if path.exists() else []:
        try:
            yield json.loads(line)
        except ValueError:  # the empty first line, or what a killed process left of one
            continue


def _trail(settings: Settings) -> list[str]:
    """The way to the live release: each was live before the next. A roll-back goes back along it.

    A process killed between `live` and the history leaves a step unremembered; the next entry's `before`, or
    `live` itself, tells where it led.
    """
    trail: list[str] = []
    for entry in _history(settings):
        _arrive(trail, entry["before"])
        if "in_place_of" in entry:
            _arrive(trail, entry["in_place_of"])
            trail[-1] = entry["release_id"]
        _arrive(trail, entry["release_id"], is_back=entry["why"] == "rollback")
    _arrive(trail, live_id(settings))
    return trail


def _arrive(trail: list[str], release_id: str | None, is_back: bool = True) -> None:
    if release_id is None or trail[-1:] == [release_id]:
        return
    if is_back and release_id in trail:
        del trail[trail.index(release_id) :]
    trail.append(release_id)


def _copy(source: Path, target: Path) -> str:
    """Copy durably; return the sha256 of what was copied."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with source.open("rb") as reader, target.open("wb") as writer:
        while block := reader.read(1 << 20):
            digest.update(block)
            writer.write(block)
        writer.flush()
        os.fsync(writer.fileno())
    return digest.hexdigest()


def _digest(path: Path) -> str:
    if not path.is_file():
        return "no such file"
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_synced(path: Path, text: str) -> None:
    with path.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync_folders(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if path.is_dir():
            _sync(path)


def _sync(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
