"""Deletes old releases with their indexes, and leftovers of interrupted processes."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from atelier.index.retention import drop_all_but
from atelier.release.blobs import STAGING_PREFIX, Blobs
from atelier.release.store import list_releases, live_id, previous_id, publishing
from atelier.settings import Settings


@dataclass(frozen=True)
class Collected:
    """The deleted releases, tables and files, by name."""

    releases: tuple[str, ...]
    tables: tuple[str, ...]
    """Index tables and stores of embedded pictures."""
    leftovers: tuple[str, ...]
    """Folders and files that a killed process was writing."""
    num_versions: int = 0
    """States inside index tables that stay."""
    num_pictures: int = 0
    """Embedded pictures inside stores that stay."""
    num_blobs: int = 0
    """Files that no kept release has."""


def collect(settings: Settings) -> Collected:
    """Delete everything that no kept release needs; waits while something is being published.

    Kept are the `settings.keep_releases` newest releases, the live one, and the one a roll-back returns to,
    each with its files, its index and the embedded pictures of its model. Embeddings of a build that was
    killed and belongs to no release go too: publish first, then collect.
    """
    with publishing(settings):
        leftovers = _remove_leftovers(settings)
        releases = list_releases(settings)
        kept_ids = {release.release_id for release in releases[: settings.keep_releases]}
        kept_ids |= {live_id(settings) or "", previous_id(settings) or ""}
        doomed = [release.release_id for release in releases if release.release_id not in kept_ids]
        for release_id in doomed:
            _unlist(settings.releases_dir / release_id)
        # The releases go before their tables and blobs: a kill in between leaves spare ones, never a release
        # without.
        kept = [release for release in releases if release.release_id in kept_ids]
        dropped = drop_all_but(settings, [release.index for release in kept])
        _remove_leftovers(settings)
        named = {sha256 for release in kept for sha256 in release.files.values()}
        return Collected(
            releases=tuple(doomed),
            tables=dropped.tables,
            leftovers=tuple(leftovers),
            num_versions=dropped.num_versions,
            num_pictures=dropped.num_pictures,
            num_blobs=Blobs(settings.releases_dir).free_all_but(named),
        )


def _unlist(folder: Path) -> None:
    """Rename first: a release is listed whole or not at all, never half removed."""
    folder.rename(Path(mkdtemp(dir=folder.parent, prefix=STAGING_PREFIX)) / folder.name)


def _remove_leftovers(settings: Settings) -> list[str]:
    leftovers = sorted(settings.releases_dir.glob(f"{STAGING_PREFIX}*"))
    leftovers += Blobs(settings.releases_dir).leftovers()
    for path in leftovers:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    return [path.name for path in leftovers]
