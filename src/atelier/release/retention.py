"""What is kept and what goes: old releases with their indexes, and whatever killed processes left."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from atelier.index.retention import drop_all_but
from atelier.release.store import STAGING_PREFIX, list_releases, live_id, previous_id, publishing
from atelier.settings import Settings


@dataclass(frozen=True)
class Collected:
    """What was removed, by name."""

    releases: tuple[str, ...]
    tables: tuple[str, ...]
    """Index tables and stores of embedded pictures."""
    leftovers: tuple[str, ...]
    """Folders and files that a killed process was writing."""
    num_versions: int = 0
    """States inside index tables that stay."""
    num_pictures: int = 0
    """Embedded pictures inside stores that stay."""


def collect(settings: Settings) -> Collected:
    """Remove what no kept release needs; waits while something is being published.

    Kept are the `settings.keep_releases` newest releases, the live one, and the one a roll-back returns to,
    each with its index and the embedded pictures of its model. Embeddings of a build that was killed and
    belongs to no release go too: publish first, then collect.
    """
    with publishing(settings):
        leftovers = _remove_leftovers(settings)
        releases = list_releases(settings)
        kept_ids = {release.release_id for release in releases[: settings.keep_releases]}
        kept_ids |= {live_id(settings) or "", previous_id(settings) or ""}
        doomed = [release.release_id for release in releases if release.release_id not in kept_ids]
        for release_id in doomed:
            _unlist(settings.releases_dir / release_id)
        # The releases go before their tables: a kill in between leaves spare tables, never a release without.
        dropped = drop_all_but(settings, [r.index for r in releases if r.release_id in kept_ids])
        _remove_leftovers(settings)
        return Collected(
            tuple(doomed), dropped.tables, tuple(leftovers), dropped.num_versions, dropped.num_pictures
        )


def _unlist(folder: Path) -> None:
    """Rename first: a release is listed whole or not at all, never half removed."""
    folder.rename(Path(mkdtemp(dir=folder.parent, prefix=STAGING_PREFIX)) / folder.name)


def _remove_leftovers(settings: Settings) -> list[str]:
    leftovers = sorted(settings.releases_dir.glob(f"{STAGING_PREFIX}*"))
    for path in leftovers:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    return [path.name for path in leftovers]
