"""Finds the loader of a family's served model: `load` of `families/<name>/inference.py`."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any


def load_served(family: str, folder: Path, threads: int) -> Any:
    """Load a family's served model from its folder of a release; `threads` is what one run may use.

    ModuleNotFoundError: this code knows no such family. Raises as the family's `load` does.
    """
    return importlib.import_module(f"{__package__}.{family}.inference").load(folder, threads)
