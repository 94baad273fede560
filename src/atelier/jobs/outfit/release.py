"""What a release takes along to make sets: the champion, the vectors of all its items, and the rules."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

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
    OutfitContract,
    load_model,
)
from atelier.index.schema import IndexItem
from atelier.jobs.outfit.champion import FAMILY
from atelier.jobs.retrieval.embedder import CatalogueEmbedder
from atelier.registry.models import ModelVersion
from atelier.registry.store import Registry
from atelier.rules.file import load_rules, ready_made
from atelier.settings import Settings


def compatible_champion(registry: Registry, space: str, folder: Path) -> ModelVersion | None:
    """The champion, fetched into `folder`; None while there is none that sees items under this contract."""
    champion = registry.version(FAMILY, "champion")
    if champion is None:
        return None
    registry.fetch(champion, folder)
    contract = OutfitContract.from_json((folder / CONTRACT_FILE).read_bytes())
    return champion if contract.space == space else None


def outfit_files(
    eyes: CatalogueEmbedder, items: Sequence[IndexItem], model_dir: Path, *, progress: bool
) -> dict[str, Path]:
    """The networks, their contract, and `ITEM_VECTORS_FILE`, written beside: the items' vectors by id."""
    model = load_model(model_dir)
    table = eyes.with_image_tower(model_dir).table(
        [row.item for row in items], model.contract.facts, progress=progress
    )
    vectors_ND = model.items.encode(table).astype("float16")
    ids = pa.array([row.item.item_id for row in items], pa.string())
    rows = pa.FixedSizeListArray.from_arrays(pa.array(vectors_ND.ravel()), model.contract.dimension)
    path = model_dir / ITEM_VECTORS_FILE
    pq.write_table(pa.table({"item_id": ids, "vector": rows}), path, compression="none", store_schema=False)
    names = [MODEL_FILE, ITEMS_FILE, CONTRACT_FILE, ITEM_VECTORS_FILE]
    names += [name for name in (TOWER_FILE, TOWER_CONTRACT_FILE) if (model_dir / name).is_file()]
    return {name: model_dir / name for name in names}


def rule_files(settings: Settings) -> dict[str, Path]:
    """The ready-made rules and the operator's own in `rules/` of the workspace, which win; all are read.

    RulesError: one of them is wrong.
    """
    own = sorted(settings.rules_dir.glob("*.yaml")) if settings.rules_dir.is_dir() else []
    for path in own:
        load_rules(path)
    found = ready_made() | {path.stem: path for path in own}
    return {f"{RULES_FOLDER}/{name}.yaml": path for name, path in found.items()}
