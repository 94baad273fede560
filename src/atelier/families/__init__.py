"""The model families: each a folder with the same file names inside; a family knows no engine."""

from __future__ import annotations

import pkgutil


def known_families() -> list[str]:
    """List the names of the families, sorted: the folders here. Imports none of them."""
    return sorted(each.name for each in pkgutil.iter_modules(__path__) if each.ispkg)
