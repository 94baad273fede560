"""Lists the files of the outfit model that a release takes: networks, item vectors, and the rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

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
from atelier.rules.file import load_rules, ready_made
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

    RulesError: one of them is wrong.
    """
    own = sorted(settings.rules_dir.glob("*.yaml")) if settings.rules_dir.is_dir() else []
    for path in own:
        load_rules(path)
    found = ready_made() | {path.stem: path for path in own}
    return {f"{RULES_FOLDER}/{name}.yaml": path for name, path in found.items()}
