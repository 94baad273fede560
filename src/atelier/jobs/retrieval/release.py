"""Files of the retrieval model that a release takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from atelier.families.retrieval.inference import CONTRACT_FILE, MODEL_FILE, TEXT_FILE
from atelier.lifecycle.context import Context
from atelier.vocabulary import Item

FILES = (MODEL_FILE, TEXT_FILE, CONTRACT_FILE)


def release_files(context: Context[Any], model: Path, items: Sequence[Item]) -> Mapping[str, Path]:
    """List the encoders of pictures and of texts, and their embedding contract."""
    del context, items  # the index holds what it says of items
    return {name: model / name for name in FILES}
