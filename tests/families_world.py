"""The twelve garments' release with more families: a ranker and an outfit model that have learned nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from serving_world import CATEGORIES, ITEMS, prepare_release

from atelier.delivery.sets import HISTORIES_FILE, SETS_FILE, SetTable, write_histories
from atelier.families.outfit import inference as outfit
from atelier.families.outfit.config import ItemConfig as PieceConfig
from atelier.families.outfit.config import NetworkConfig as OutfitConfig
from atelier.families.outfit.export import export_network as export_outfit
from atelier.families.outfit.model import OutfitNetwork
from atelier.families.ranking.config import ItemConfig, NetworkConfig
from atelier.families.ranking.export import export_network
from atelier.families.ranking.inference import (
    CONTRACT_FILE,
    SET_FILE,
    USER_FILE,
    VALUES_FILE,
    OnnxRanker,
    write_values,
)
from atelier.families.ranking.model import RankingNetwork
from atelier.families.ranking.sets import Sets
from atelier.release.manifest import ModelFiles, Release
from atelier.release.store import promote, stage
from atelier.settings import Settings

NUM_SETS = 40
GONE = 7
"""This set is not on offer."""
RULES = """
slots:
  top: {category: Tshirts}
  bottom: {category: Jeans}
  bag: {category: Handbags}
sets:
  - {required: [top, bottom], optional: bag}
"""


def write_ranker(folder: Path, dimension: int = 8) -> dict[str, Path]:
    """A ranker of random weights, forty sets of two pieces, and one user who clicked two of them."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    items = ItemConfig(vector_dimension=12)
    torch.manual_seed(0)
    network = RankingNetwork(NetworkConfig(items, dimension=dimension, width=16))
    contract = export_network(network, folder, longest_history=10, vectors_digest="colours")
    pairs = [(a, b) for a in range(len(ITEMS)) for b in range(a)][:NUM_SETS]
    vectors = rng.normal(size=(len(ITEMS), 12)).astype(np.float32)
    prices = np.array([item.price for item in ITEMS], np.float32)
    sets = Sets(items, vectors, np.zeros((len(ITEMS), 0), np.int64), prices, np.array(pairs))
    table = SetTable(
        ranker=contract.digest,
        outfit_ids=tuple(f"o{number:02d}" for number in range(NUM_SETS)),
        item_ids=tuple((ITEMS[a].item_id, ITEMS[b].item_id) for a, b in pairs),
        made_by=tuple("generator" if number % 2 else "expert" for number in range(NUM_SETS)),
        on_offer_S=np.arange(NUM_SETS) != GONE,
        price_S=np.where(np.arange(NUM_SETS) % 5, prices[np.array(pairs)].sum(1), np.nan),
        num_showings_S=rng.integers(0, 60, NUM_SETS),
        vectors_SE=OnnxRanker(folder, contract).set_vectors(sets),
        summaries_SW=sets.summaries,
    )
    table.write(folder / SETS_FILE)
    write_histories(folder / HISTORIES_FILE, {"ann": ["o03", f"o{GONE:02d}"]})
    write_values(folder / VALUES_FILE, {})
    names = (USER_FILE, SET_FILE, CONTRACT_FILE, VALUES_FILE, SETS_FILE, HISTORIES_FILE)
    return {f"ranking/{name}": folder / name for name in names}


def write_outfit(folder: Path) -> dict[str, Path]:
    """An outfit model of random weights, random vectors of the garments, and one file of rules."""
    torch.manual_seed(0)
    config = OutfitConfig(
        PieceConfig(image_dimension=12, colour_dimension=7, fact_sizes={"category": len(CATEGORIES)}),
        dimension=16,
        look_dimension=8,
        width=32,
    )
    contract = export_outfit(OutfitNetwork(config), {"category": CATEGORIES}, "space", folder)
    vectors_ND = np.random.default_rng(0).normal(size=(len(ITEMS), contract.dimension)).astype(np.float16)
    rows = pa.FixedSizeListArray.from_arrays(pa.array(vectors_ND.ravel()), contract.dimension)
    table = pa.table({"item_id": [item.item_id for item in ITEMS], "vector": rows})
    pq.write_table(table, folder / outfit.ITEM_VECTORS_FILE)
    (folder / "wear.yaml").write_text(RULES)
    names = (outfit.MODEL_FILE, outfit.ITEMS_FILE, outfit.CONTRACT_FILE, outfit.ITEM_VECTORS_FILE)
    return {f"outfit/{name}": folder / name for name in names} | {
        "outfit/rules/wear.yaml": folder / "wear.yaml"
    }


def publish_with(settings: Settings, **files: dict[str, Path]) -> Release:
    """Make the garments' release live, with a detector and the files of other families: family -> files."""
    bare = prepare_release(settings, "data-1", with_detector=True)
    root = settings.releases_dir / bare.release_id
    whole = stage(
        settings,
        data_version="data-1",
        models={**bare.models, **{family: ModelFiles(family, 1, "f" * 64) for family in files}},
        index=bare.index,
        verification=bare.verification,
        files={
            **{name: root / name for name in bare.files},
            **{name: path for own in files.values() for name, path in own.items()},
        },
    )
    return promote(settings, whole.release_id)


def publish_whole(settings: Settings, folder: Path) -> Release:
    """Make a release of all four families live."""
    return publish_with(
        settings, outfit=write_outfit(folder / "outfit"), ranking=write_ranker(folder / "ranking")
    )
