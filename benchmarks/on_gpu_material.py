"""Material for `on_gpu.py`: packs, or noise in the shapes of a family's material where there is no pack.

N = products, F = side of a frame
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import default_collate

from atelier.errors import TrainingError
from atelier.families.detection.config import DetectionPreset
from atelier.families.detection.kinds import KINDS
from atelier.families.detection.products import Cutouts
from atelier.families.detection.scenes import Streets
from atelier.families.detection.task import Truth
from atelier.families.detection.training import Material as DetectionMaterial
from atelier.families.outfit.colours import DIMENSION as NUM_COLOURS
from atelier.families.outfit.config import OutfitPreset
from atelier.families.outfit.material import OUTFITS, SetMaterial, Source
from atelier.families.outfit.table import FACTS, ItemTable
from atelier.families.ranking.config import ItemConfig, RankingPreset
from atelier.families.ranking.sets import Sets
from atelier.families.ranking.showings import Showings, earlier_clicks
from atelier.families.ranking.training import Description, RankingMaterial
from atelier.families.retrieval.config import RetrievalPreset
from atelier.families.retrieval.products import FRAME_SIDE, UNKNOWN, Labels, Products
from atelier.families.retrieval.tokens import token_ids
from atelier.families.retrieval.training import Material as RetrievalMaterial
from atelier.families.retrieval.validation import Validation
from atelier.families.training import Examples
from atelier.lifecycle.packing import read_pack
from atelier.vocabulary import Outfit, Split

NUM_PRODUCTS = 256
NUM_SETS = 200
NUM_SHOWINGS = 1024
_STREETS, _TESTED, _WIDTH = 64, 16, 64


def material_reader(family: str, preset: Any, pack_dir: Path | None) -> Callable[[str], Any]:
    """Return a function from a stage's role to its material: of the pack, or made up.

    TrainingError: the pack is for another preset, or there is neither a pack nor a way to make material up.
    """
    if pack_dir is not None:
        pack = read_pack(pack_dir)
        pack.check_preset(preset)
        return pack.material
    if family not in MADE_UP:
        raise TrainingError(
            f"there is no pack of {family}, and no material is made up for it. "
            f"`python benchmarks/on_gpu.py --make-packs DIR` at home makes packs; hand them over with --packs"
        )
    made = MADE_UP[family](preset)
    return lambda _role: made


@dataclass(frozen=True)
class Repeated:
    """Examples that come several times in a pass, so that a small pack fills large batches."""

    examples: Examples
    times: int

    @classmethod
    def to_fill(cls, examples: Examples, num_examples: int) -> Repeated:
        """Repeat the examples until there are `num_examples` at least."""
        return cls(examples, -(-num_examples // len(examples)))

    def __len__(self) -> int:
        return len(self.examples) * self.times

    def __getitems__(self, rows: list[int]) -> Any:
        return self.examples.__getitems__([row % len(self.examples) for row in rows])

    def collate(self, batch: Any) -> Any:
        """Join samples as the examples do."""
        return getattr(self.examples, "collate", default_collate)(batch)


def retrieval_material(preset: RetrievalPreset) -> RetrievalMaterial:
    """Make up a catalogue: 20 article types, look-alikes by twelve, six attributes."""
    draw, rows = np.random.default_rng(0), np.arange(NUM_PRODUCTS)
    side = FRAME_SIDE
    labels = Labels(
        item_N=rows,
        cluster_N=rows // 12,
        category_N=rows % 20,
        attributes_NA=np.stack([rows % 8] * 6, axis=1),
        categories=tuple(f"type {number}" for number in range(20)),
        attribute_sizes=(8,) * 6,
        title_N=rows,
        noun_N=rows % 20,
        shopper_labels=("Hat", "Shoes"),
    )
    tokens_NT = token_ids([f"made up product {row}" for row in rows], preset.teacher.network.text.num_buckets)
    products = Products(
        frames_N4FF=_noise(draw, NUM_PRODUCTS, 4, side, side),
        extents_N4=_extents(NUM_PRODUCTS),
        shopper_frames_M3FF=_noise(draw, NUM_PRODUCTS // 10 + 1, 3, side, side),
        shopper_N=np.where(rows % 10 == 0, rows // 10, UNKNOWN),
        tokens_NT=tokens_NT,
        labelled_frames_P3FF=_noise(draw, 64, 3, side, side),
        label_P=np.arange(64) % 2,
        labels=labels,
    )
    size, asked = preset.student.network.image_size, np.arange(_TESTED)
    validation = Validation(
        gallery_G3SS=_noise(draw, _TESTED, 3, size, size),
        gallery_item_G=asked,
        gallery_category_G=asked % 20,
        gallery_tokens_GT=tokens_NT[:_TESTED],
        gallery_title_G=asked,
        held_out_G=asked % 2 == 0,
        queries={"street": _noise(draw, _TESTED, 3, size, size)},
        query_items={"street": asked},
        labelled_L3SS=_noise(draw, _TESTED, 3, size, size),
        label_L=asked % 2,
    )
    return RetrievalMaterial(products, _streets(draw), validation)


def detection_material(_preset: DetectionPreset) -> DetectionMaterial:
    """Make up products, streets in which three things are worn, and photos to look at."""
    draw = np.random.default_rng(0)
    frames_N4FF = _noise(draw, NUM_PRODUCTS, 4, FRAME_SIDE, FRAME_SIDE)
    frames_N4FF[:, 3] = 255
    products = Cutouts(frames_N4FF, _extents(NUM_PRODUCTS), np.arange(NUM_PRODUCTS) % len(KINDS))
    box_3_4 = torch.tensor([[0.1, 0.1, 0.4, 0.4], [0.5, 0.2, 0.9, 0.5], [0.3, 0.5, 0.7, 0.9]])
    streets = Streets(_streets(draw), box_3_4.repeat(_STREETS, 1, 1), torch.arange(3).repeat(_STREETS, 1))
    photo = np.ascontiguousarray(_noise(draw, 240, 160, 3))
    truth = Truth(photo, np.asarray([[16, 24, 64, 96]], np.float32), (KINDS[0],), True)
    return DetectionMaterial(products, streets, [truth] * _TESTED)


def outfit_material(_preset: OutfitPreset) -> SetMaterial:
    """Make up items of eight kinds, and sets of four of them."""
    draw = np.random.default_rng(0)
    facts = {fact: tuple(f"{fact} {number}" for number in range(8)) for fact in FACTS}
    vectors_NW = _unit_rows(draw, NUM_PRODUCTS, _WIDTH)
    items = ItemTable(
        image_NI=vectors_NW,
        title_NT=vectors_NW,
        colour_NC=_unit_rows(draw, NUM_PRODUCTS, NUM_COLOURS),
        codes_NF=draw.integers(0, 9, (NUM_PRODUCTS, len(FACTS))),
    )

    def sets(num: int) -> list[list[int]]:
        return [draw.choice(NUM_PRODUCTS, 4, replace=False).tolist() for _ in range(num)]

    rows: dict[str, list[list[int]]] = {
        Split.TRAIN: sets(NUM_SETS),
        Split.VALIDATION: sets(_TESTED),
        Split.TEST: sets(_TESTED),
    }
    kind_N = np.arange(NUM_PRODUCTS) % 8
    return SetMaterial(facts, (Source(OUTFITS, items, kind_N, np.arange(NUM_PRODUCTS), rows),), "made up")


def ranking_material(preset: RankingPreset) -> RankingMaterial:
    """Make up sets of three pieces, and showings of them of which every fourth was clicked."""
    draw = np.random.default_rng(0)
    sizes = {"category": 20, "colour": 8}
    sets = Sets(
        config=ItemConfig(vector_dimension=_WIDTH, fact_sizes=sizes),
        vectors_ND=_unit_rows(draw, NUM_PRODUCTS, _WIDTH),
        codes_NF=np.stack([draw.integers(0, size + 1, NUM_PRODUCTS) for size in sizes.values()], 1),
        prices_N=np.exp(draw.normal(4, 1, NUM_PRODUCTS)).astype(np.float32),
        rows_SP=draw.integers(0, NUM_PRODUCTS, (NUM_SETS, 3)),
    )
    user_N, set_N = draw.integers(0, 50, NUM_SHOWINGS), draw.integers(0, NUM_SETS, NUM_SHOWINGS)
    clicked_N = draw.random(NUM_SHOWINGS) < 0.25
    showings = Showings(
        set_N=set_N,
        user_N=user_N,
        history_NH=earlier_clicks(user_N, set_N, clicked_N, preset.longest_history),
        bucket_N=draw.integers(0, preset.config.network.num_buckets + 1, NUM_SHOWINGS),
        clicked_N=clicked_N,
        propensity_N=np.full(NUM_SHOWINGS, 0.1, np.float32),
    )
    values = {fact: tuple(f"{fact} {number}" for number in range(size)) for fact, size in sizes.items()}
    description = Description(values, sets.config, preset.longest_history, preset.config.network.num_buckets)
    shown = np.arange(NUM_SHOWINGS)
    later = {Split.VALIDATION: shown % 8 == 6, Split.TEST: shown % 8 == 7, Split.TRAIN: shown % 8 < 6}
    return RankingMaterial(
        description=description,
        outfits=tuple(
            Outfit(f"set {number}", tuple(f"item {row}" for row in rows), "made up")
            for number, rows in enumerate(sets.rows_SP)
        ),
        sets=sets,
        parts={split: showings.take(chosen) for split, chosen in later.items()},
        user_ids=tuple(f"user {number}" for number in range(50)),
        test_begins=datetime(2026, 1, 1, tzinfo=UTC),
        num_unlogged=0,
        space="made up",
    )


MADE_UP: Mapping[str, Callable[[Any], Any]] = {
    "detection": detection_material,
    "outfit": outfit_material,
    "ranking": ranking_material,
    "retrieval": retrieval_material,
}
"""Family -> a function from its preset to material; a family that is missing here needs a pack."""


def _noise(draw: np.random.Generator, *shape: int) -> Any:
    return draw.integers(0, 256, shape, np.uint8)


def _extents(num: int) -> Any:
    return np.tile(np.asarray([-0.7, -0.9, 0.7, 0.9], np.float32), (num, 1))


def _streets(draw: np.random.Generator) -> torch.Tensor:
    return torch.from_numpy(_noise(draw, _STREETS, 3, 240, 160))


def _unit_rows(draw: np.random.Generator, num: int, width: int) -> Any:
    rows = draw.normal(size=(num, width)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)
