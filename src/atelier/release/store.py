"""`releases/`: stage a release whole, make it live by one atomic step, go back by the same step.

`releases/<id>/` never changes once it is there; its files are links to `blobs`. `releases/live` holds the id
of the live one and is only ever replaced, so a reader sees the old id or the new one and nothing between.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path, PurePosixPath
from tempfile import mkdtemp

from atelier.errors import CatalogueIndexError, DigestError, NoReleaseError, ReleaseError
from atelier.index.schema import IndexVersion
from atelier.index.store import require_verified, rows_by_item
from atelier.index.verify import Verification
from atelier.release import durable, history
from atelier.release.blobs import STAGING_PREFIX, Blob, Blobs, is_untouched, link_or_copy
from atelier.release.manifest import ModelFiles, Release, content_digest
from atelier.settings import Settings

MANIFEST = "manifest.json"
_LIVE = "live"
_LOCK = ".lock"
_held = threading.local()


def live(settings: Settings) -> Release:
    """Return the live release. NoReleaseError: nothing is live yet."""
    release_id = live_id(settings)
    if release_id is None:
        raise NoReleaseError("nothing is live yet; `atelier retrain` trains and promotes a first release")
    return show(settings, release_id)


def live_id(settings: Settings) -> str | None:
    """Read the id of the live release: one small read, cheap enough for every second."""
    try:
        return (settings.releases_dir / _LIVE).read_text().strip()
    except FileNotFoundError:
        return None


def show(settings: Settings, release_id: str) -> Release:
    """Return one release by its id, or by an unambiguous beginning of it. ReleaseError: there is no such
    release.
    """
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
    """List every whole release, newest first. A half-written one of a killed process is not listed."""
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

    `files` maps a path inside the release, `<family>/<name>`, to a file with its content. A file of another
    release is linked and not read, unless something wrote to it since it was staged. Staging what a release
    already holds, the live one above all, returns that release.
    ReleaseError: a file of another release is damaged. ValueError: a path leads out of the release.
    """
    root = settings.releases_dir
    with publishing(settings):
        folder = Path(mkdtemp(dir=root, prefix=STAGING_PREFIX))
        try:
            blobs = _place(settings, folder, files)
            digests = {name: blob.sha256 for name, blob in blobs.items()}
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
                sizes={name: blob.num_bytes for name, blob in blobs.items()},
                parent=live_id(settings),
                note=note,
            )
            durable.write_text(folder / MANIFEST, release.to_json())
            durable.sync_folders(folder)
            folder.chmod(0o755)
            folder.rename(root / release.release_id)
            durable.sync_folder(root)
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
    """Return the release that `rollback` would return to: live before the present one; None where there was
    none.
    """
    trail = history.trail(settings.releases_dir, live_id(settings))
    return trail[-2] if len(trail) > 1 else None


def damaged_files(settings: Settings, release: Release, trusted: Collection[str] = ()) -> list[str]:
    """Name the files of a release that are missing or have another digest than its manifest says.

    All are read. Of those whose digest is `trusted`, for they were read before, it is enough that nothing
    wrote to them since they were staged: one `stat`, whatever their size.
    """
    folder = settings.releases_dir / release.release_id
    return [
        name
        for name, expected in release.files.items()
        if not (expected in trusted and is_untouched(folder / name, release.sizes.get(name)))
        and _seen(folder / name) != expected
    ]


def require_whole(settings: Settings, release: Release, trusted: Collection[str] = ()) -> None:
    """Check all files of a release, as `damaged_files` does. DigestError: names the first damaged one."""
    for name in damaged_files(settings, release, trusted):
        path = settings.releases_dir / release.release_id / name
        raise DigestError(
            f"{path}: the manifest of release {release.release_id} expects sha256 "
            f"{release.files[name][:16]}, seen {_seen(path)[:16]}. Roll back to another release, or "
            f"`atelier publish` makes a new one."
        )


def folder_of(settings: Settings, release: Release, family: str) -> Path:
    """Return the folder of a family's files, `releases/<id>/<family>`; `releases/<id>` of a flat release.

    `index` has a folder like a family.
    """
    return settings.releases_dir / release.release_id / release.prefix_of(family)


def require_file(settings: Settings, release: Release, family: str, name: str) -> Path:
    """Return the path of a family's file. DigestError: it is not the one that the manifest names."""
    path = folder_of(settings, release, family) / name
    expected, seen = release.files_of(family).get(name, "not listed"), _seen(path)
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
    """List the differences of `other`: data, models, files, and items row by row. Empty when alike."""
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
    """Hold the lock of `releases/`: one thread of one process stages, promotes or collects; others wait.

    A thread that holds it may enter again, at no cost. A killed holder lets go.
    """
    root = settings.releases_dir
    root.mkdir(parents=True, exist_ok=True)
    held: set[Path] = _held.__dict__.setdefault("roots", set())
    if root.resolve() in held:
        yield
        return
    with (root / _LOCK).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        held.add(root.resolve())
        try:
            yield
        finally:
            held.discard(root.resolve())


def _go_live(settings: Settings, release_id: str, why: str, in_place_of: str | None = None) -> Release:
    with publishing(settings):
        release = show(settings, release_id)
        _require_fit(settings, release)
        before = live_id(settings)
        if before != release.release_id:
            _replace_live(settings, release.release_id)
            history.remember(settings.releases_dir, release.release_id, before, why, in_place_of)
        return release


def _place(settings: Settings, folder: Path, files: Mapping[str, Path]) -> dict[str, Blob]:
    """Link every file into `folder`, by way of a blob; return the blobs by path."""
    blobs = Blobs(settings.releases_dir)
    placed = {}
    for name, source in sorted(files.items()):
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or name != str(path) or name == MANIFEST:
            raise ValueError(f"files: expected a path inside the release such as 'family/name', got {name!r}")
        blob = placed[name] = _blob_of(settings, blobs, source)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        blobs.link(blob.sha256, folder / name)
    return placed


def _blob_of(settings: Settings, blobs: Blobs, source: Path) -> Blob:
    named = _named_by_a_release(settings, source)
    if named is None:
        return blobs.put(source, partial(_link_anew, settings))
    if all(is_untouched(path, named.num_bytes) for path in (source, blobs.path(named.sha256))):
        return named
    blob = blobs.put(source, partial(_link_anew, settings))
    if blob.sha256 != named.sha256:
        raise ReleaseError(
            f"{source}: its release's manifest expects sha256 {named.sha256[:16]}, seen {blob.sha256[:16]}; "
            f"`atelier publish` makes a new release"
        )
    return blob


def _named_by_a_release(settings: Settings, source: Path) -> Blob | None:
    """What a manifest says of a file in `releases/<id>/`; None for files of elsewhere. Sizes may be -1."""
    if not source.is_relative_to(settings.releases_dir):
        return None
    release_id, *parts = source.relative_to(settings.releases_dir).parts
    name = "/".join(parts)
    if release_id not in _release_ids(settings):
        return None
    release = show(settings, release_id)
    return Blob(release.files[name], release.sizes.get(name, -1)) if name in release.files else None


def _link_anew(settings: Settings, sha256: str, whole_path: Path) -> None:
    """Replace a file that is damaged in every release that names it by a link to a whole one."""
    new_path = settings.releases_dir / f"{STAGING_PREFIX}link"
    for release in list_releases(settings):
        for name in (name for name, digest in release.files.items() if digest == sha256):
            target = settings.releases_dir / release.release_id / name
            new_path.unlink(missing_ok=True)
            link_or_copy(whole_path, new_path)
            new_path.replace(target)
            durable.sync_folder(target.parent)


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


def _require_fit(settings: Settings, release: Release) -> None:
    """Check what a release needs to go live: what the live one has too was read before."""
    try:
        trusted = set(live(settings).files.values())
    except ReleaseError:  # nothing is live, or its manifest is broken
        trusted = set()
    try:
        require_whole(settings, release, trusted)
        require_verified(settings, release.index)
    except (DigestError, CatalogueIndexError) as error:
        raise ReleaseError(f"release {release.release_id} is not whole: {error}") from error


def _replace_live(settings: Settings, release_id: str) -> None:
    """The one atomic step: whoever reads `live` gets the old id or the new one, also after a power cut."""
    new_path = settings.releases_dir / f"{STAGING_PREFIX}live"
    durable.write_text(new_path, release_id + "\n")
    new_path.replace(settings.releases_dir / _LIVE)
    durable.sync_folder(settings.releases_dir)


def _seen(path: Path) -> str:
    return durable.digest_of(path) if path.is_file() else "no such file"
