"""Lists the files of the outfit model that a release takes: networks, item vectors, and the rules."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from atelier.errors import ReleaseError
from atelier.families.outfit.inference import (
    CONTRACT_FILE,
    ITEM_VECTORS_FILE,
    ITEMS_FILE,
    MODEL_FILE,
    RULES_FOLDER,
    TOWER_CONTRACT_FILE,
    TOWER_FILE,
    load_model,
)
from atelier.jobs.retrieval.embedder import catalogue_embedder
from atelier.lifecycle.context import Context
from atelier.release.store import live
from atelier.rules.file import own_rules, ready_made
from atelier.settings import Settings
from atelier.vocabulary import Item


def release_files(context: Context[Any], model: Path, items: Sequence[Item]) -> Mapping[str, Path]:
    """List the networks, their contract, and `ITEM_VECTORS_FILE`, written here: the items' vectors by id."""
    embedder, loaded = context.once(catalogue_embedder).with_image_tower(model), load_model(model)
    table = embedder.table(items, loaded.contract.facts, progress=context.progress)
    vectors_ND = loaded.items.encode(table).astype("float16")
    ids = pa.array([item.item_id for item in items], pa.string())
    rows = pa.FixedSizeListArray.from_arrays(pa.array(vectors_ND.ravel()), loaded.contract.dimension)
    path = context.folder / ITEM_VECTORS_FILE
    pq.write_table(pa.table({"item_id": ids, "vector": rows}), path, compression="none", store_schema=False)
    names = [MODEL_FILE, ITEMS_FILE, CONTRACT_FILE]
    names += [name for name in (TOWER_FILE, TOWER_CONTRACT_FILE) if (model / name).is_file()]
    return {ITEM_VECTORS_FILE: path, **{name: model / name for name in names}}


def rule_files(settings: Settings) -> dict[str, Path]:
    """List the ready-made rules and the operator's own in `rules/` of the workspace, which take precedence.

    Of an own file that is wrong, the version in the live release goes out again, if it has one; `publish`
    says so.
    """
    own = own_rules(settings.rules_dir)
    last_good = {name: path for name in own.left_out if (path := _last_good(settings, name))}
    found = ready_made() | dict(own.paths) | last_good
    return {f"{RULES_FOLDER}/{name}.yaml": path for name, path in found.items()}


def _last_good(settings: Settings, name: str) -> Path | None:
    """The rule file of this name in the live release, if it is there and as it was."""
    try:
        release = live(settings)
    except ReleaseError:
        return None
    for file, sha256 in release.files.items():
        if Path(file).parts[-2:] == (RULES_FOLDER, f"{name}.yaml"):
            path = settings.releases_dir / release.release_id / file
            if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256:
                return path
    return None
