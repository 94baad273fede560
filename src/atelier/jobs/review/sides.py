"""Chooses the two models of a review: versions in the registry, or releases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from atelier.errors import RegistryError
from atelier.families.retrieval.inference import Encoder
from atelier.jobs.retrieval.champion import FAMILY as MODEL
from atelier.jobs.retrieval.champion import encoder_in
from atelier.registry.models import ModelVersion
from atelier.registry.store import Registry
from atelier.release.store import folder_of, live_id, previous_id, show
from atelier.settings import Settings


@dataclass(frozen=True)
class Side:
    """One of the two models."""

    name: str
    """How people call it: 'retrieval 3', or a release's id."""
    digest: str
    """Of its files: two sides of one digest are the same model."""
    open: Callable[[Path], Encoder]
    """Its encoder, by way of a folder that may be filled."""
    version: ModelVersion | None = None
    """None for a release."""


def choose_sides(
    settings: Settings, registry: Registry, champion: str | None, challenger: str | None
) -> tuple[Side, Side]:
    """Choose champion and challenger. Each name is a version (3), an alias ('candidate') or a release's id.

    What is not named: the registered champion, and the candidate; where these are one version, the newest
    version against the one before it; where only one version is left, the live release against the one
    before it. RegistryError: there is nothing to compare with, or a name is unknown.
    """
    if champion is None and challenger is None:
        pair = _two_versions(registry) or _two_releases(settings)
    else:
        one, other = champion or "champion", challenger or "candidate"
        pair = (_named(settings, registry, one), _named(settings, registry, other))
    if pair is None:
        count = len(registry.versions(MODEL))
        raise RegistryError(
            f"a review needs two models; {count or 'no'} version{'s' * (count != 1)} of {MODEL} "
            f"and no earlier release are there. `atelier retrain` after new data or with another preset "
            f"makes a challenger; `--champion` and `--challenger` name others"
        )
    if pair[0].digest == pair[1].digest:
        raise RegistryError(
            f"{pair[0].name} and {pair[1].name} are the same model: there is nothing to review. Name two "
            f"others by --champion and --challenger: {_known(settings, registry)}"
        )
    return pair


def _two_versions(registry: Registry) -> tuple[Side, Side] | None:
    candidate, champion = registry.version(MODEL, "candidate"), registry.version(MODEL, "champion")
    if candidate and champion and candidate.files_digest != champion.files_digest:
        return _version(registry, champion), _version(registry, candidate)
    versions = registry.versions(MODEL)
    others = [each for each in versions[1:] if each.files_digest != versions[0].files_digest]
    return (_version(registry, others[0]), _version(registry, versions[0])) if others else None


def _two_releases(settings: Settings) -> tuple[Side, Side] | None:
    live, previous = live_id(settings), previous_id(settings)
    return (_release(settings, previous), _release(settings, live)) if live and previous else None


def _named(settings: Settings, registry: Registry, name: str) -> Side:
    version = registry.version(MODEL, name)
    if version is not None:
        return _version(registry, version)
    if any(path.parent.name.startswith(name) for path in settings.releases_dir.glob("*/manifest.json")):
        return _release(settings, name)
    raise RegistryError(
        f"{name!r} is no version, alias or release of {MODEL}; expected one of {_known(settings, registry)}"
    )


def _known(settings: Settings, registry: Registry) -> str:
    numbers = [str(each.version) for each in registry.versions(MODEL)]
    aliases = sorted({alias for each in registry.versions(MODEL) for alias in each.aliases})
    releases = sorted(path.parent.name for path in settings.releases_dir.glob("2*/manifest.json"))
    return ", ".join([*numbers, *aliases, *releases]) or "none"


def _version(registry: Registry, version: ModelVersion) -> Side:
    return Side(
        f"{version.name} {version.version}",
        version.files_digest,
        lambda folder: encoder_in(registry.fetch(version, folder / str(version.version))),
        version,
    )


def _release(settings: Settings, release_id: str) -> Side:
    release = show(settings, release_id)
    return Side(
        release.release_id,
        release.models[MODEL].digest,
        lambda _: encoder_in(folder_of(settings, release, MODEL)),
    )
