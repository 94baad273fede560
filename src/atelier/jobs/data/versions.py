"""What `atelier data list | restore | verify` do."""

from __future__ import annotations

from atelier.settings import Settings
from atelier.versioning.restore import restore, verify
from atelier.versioning.version import DataVersion, find, versions


def list_versions(settings: Settings) -> list[DataVersion]:
    """All accepted data versions, the oldest first."""
    return versions(settings)


def restore_version(settings: Settings, digest_prefix: str) -> DataVersion:
    """Bring a version back into `data/`; VersionError or CorruptionError where that cannot be done."""
    return restore(settings, digest_prefix)


def verify_version(settings: Settings, digest_prefix: str) -> tuple[DataVersion, int]:
    """Hash a version again in cache and remote; returns it and its number of objects, or CorruptionError."""
    version = find(settings, digest_prefix)
    return version, verify(settings, version)
