"""Implements `atelier collect`: removes everything that no kept release needs."""

from __future__ import annotations

from atelier.release import retention
from atelier.release.retention import Collected
from atelier.settings import Settings


def collect(settings: Settings) -> Collected:
    """Keep the newest `settings.keep_releases` releases, the live one and the one before; drop the rest."""
    return retention.collect(settings)
