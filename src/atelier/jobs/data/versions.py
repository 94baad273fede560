"""Implements `atelier data list | restore | verify`."""

from __future__ import annotations

from atelier.settings import Settings
from atelier.versioning.restore import restore, verify
from atelier.versioning.version import DataVersion, find, versions


def list_versions(settings: Settings) -> list[DataVersion]:
    """List all accepted data versions, oldest first."""
    return versions(settings)


def restore_version(settings: Settings, digest_prefix: str) -> DataVersion:
    """Restore a version into `data/`. VersionError, CorruptionError: it cannot be restored."""
    return restore(settings, digest_prefix)


def verify_version(settings: Settings, digest_prefix: str) -> tuple[DataVersion, int]:
    """Hash a version again in cache and remote; returns it and its number of objects, or CorruptionError."""
    version = find(settings, digest_prefix)
    return version, verify(settings, version)
