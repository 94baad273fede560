"""Brings a version back into `data/`, and checks that one could be brought back.

DVC itself trusts what lies in its cache and takes truncated objects from a remote, so every byte is hashed
again here before it is used.
"""

from __future__ import annotations

import logging
import shutil
from io import BytesIO
from pathlib import Path
from typing import Any

from atelier.errors import CorruptionError
from atelier.places import real
from atelier.settings import Settings
from atelier.versioning.repository import Object, Repository, file_objects, list_object, opened
from atelier.versioning.version import DataVersion, find
from atelier.versioning.workspace import finish_replacing, incoming_dir, replace_data

NUM_SHOWN = 5
log = logging.getLogger(__name__)


def restore(settings: Settings, digest_prefix: str) -> DataVersion:
    """Restore `data/` and `data.dvc` of a version; anything else in `data/` is lost unless it was accepted.

    Objects come from the cache, or from the remote where the cache has none or a damaged one, which is then
    replaced. Nothing is touched before the whole version is there and hashed. A call that was killed leaves
    the old version, or is finished by whatever asks for the current version next.
    Raises VersionError where not just one version begins with `digest_prefix`, and CorruptionError, which
    names the files, where neither place has good bytes.
    """
    with opened(settings) as repository:
        finish_replacing(settings)
        version = find(settings, digest_prefix)
        incoming = incoming_dir(settings)
        shutil.rmtree(incoming, ignore_errors=True)
        damages = [
            damage
            for thing in _files(repository, version)
            if (damage := _fetch(repository, thing, incoming / thing.path)) is not None
        ]
        _refuse(version, damages)
        replace_data(settings, version)
    return version


def verify(settings: Settings, version: DataVersion) -> int:
    """Hash every object of a version again, in the cache and in the remote; returns their number.

    Raises CorruptionError, which names file, object and place, where bytes are wrong or the remote lacks
    them. The cache may lack some: it is only a shortcut.
    """
    with opened(settings) as repository:
        things = [list_object(version), *_files(repository, version)]
        damages = [
            f"{thing} ({damage})"
            for thing in things
            for damage in (
                _damage(repository, repository.cache, thing, may_lack=True),
                _damage(repository, repository.remote, thing, may_lack=False),
            )
            if damage is not None
        ]
    _refuse(version, damages)
    return len(things)


def _files(repository: Repository, version: DataVersion) -> list[Object]:
    """The files of a version, from whichever place has a whole list of them."""
    listed = list_object(version)
    for store in (repository.cache, repository.remote):
        listing = BytesIO()
        if repository.copy_and_hash(store, listed, listing) == listed.digest:
            return file_objects(listing.getvalue())
    _refuse(version, [f"{listed} ({_nowhere(repository, listed)})"])
    raise AssertionError("a damage is always refused")


def _fetch(repository: Repository, thing: Object, target: Path) -> str | None:
    """Copies an object to `target`; what is wrong where neither place has good bytes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        seen = repository.copy_and_hash(repository.cache, thing, file)
        if seen == thing.digest:
            return None
        file.seek(0)
        file.truncate()
        if repository.copy_and_hash(repository.remote, thing, file) != thing.digest:
            return f"{thing} ({_nowhere(repository, thing)})"
    if seen is not None:
        log.warning("the cache's copy of %s was damaged; it is replaced from the remote", thing)
    _put_into_cache(repository, thing, target)
    return None


def _put_into_cache(repository: Repository, thing: Object, source: Path) -> None:
    place = Path(repository.cache.oid_to_path(thing.oid))
    place.parent.mkdir(parents=True, exist_ok=True)
    partial = place.with_name(place.name + ".partial")
    shutil.copyfile(source, partial)
    partial.chmod(0o444)
    partial.replace(place)


def _nowhere(repository: Repository, thing: Object) -> str:
    damages = (_damage(repository, store, thing) for store in (repository.cache, repository.remote))
    return "; ".join(damage for damage in damages if damage)


def _damage(repository: Repository, store: Any, thing: Object, *, may_lack: bool = False) -> str | None:
    place = real(store.oid_to_path(thing.oid))
    seen = repository.copy_and_hash(store, thing)
    if seen is None:
        return None if may_lack else f"{place} is missing"
    return None if seen == thing.digest else f"{place} has the digest {seen}"


def _refuse(version: DataVersion, damages: list[str]) -> None:
    if not damages:
        return
    more = f"; and {len(damages) - NUM_SHOWN} more" if len(damages) > NUM_SHOWN else ""
    raise CorruptionError(
        f"data version {version} ({version.drop}) has {len(damages)} damaged objects (expected none): "
        f"{'; '.join(damages[:NUM_SHOWN])}{more}. Copy good ones there from a backup of the remote, "
        f"or remove damaged ones where the other place still has them good."
    )
