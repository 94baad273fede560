"""Lists the files of the detector that a release takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from atelier.families.detection.inference import CONTRACT_FILE, MODEL_FILE
from atelier.lifecycle.context import Context
from atelier.vocabulary import Item

FILES = (MODEL_FILE, CONTRACT_FILE)


def release_files(context: Context[Any], model: Path, items: Sequence[Item]) -> Mapping[str, Path]:
    """List the network and its contract."""
    del context, items  # a detector knows no items
    return {name: model / name for name in FILES}
