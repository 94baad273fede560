"""Which crop was worn with the others? Crops of street photos by their masks, asked by cross-validation.

    python benchmarks/outfit_worn.py DATA_DIR [--folds 5] [--json]

DATA_DIR holds the layout `clothing-co-parsing`. Crops have at least 1,500 mask pixels; skin and hair are
left out. Folds are of whole photos. Every crop of a held-out photo is asked for once, beside three crops
of the same label from other held-out photos; each held-out set is compared with one whose pieces come
from different photos.

The network of preset `small` sees the crops' palettes alone. What needs no learning is asked the same
questions:

- palette, rgb: likeness of CIELAB or RGB histograms of the crop;
- light: likeness of how light the crop is (percentiles), which pieces of one photo share;
- background: likeness of what surrounds the crop within its box and 20 pixels, which no crop shows. It
  says how much a cruder cut, by boxes, would give away.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from numpy.typing import NDArray

from atelier.datasets.drop import read_drop
from atelier.datasets.splits import MASK_SUFFIX
from atelier.engine.tracker import NullTracker
from atelier.families.outfit.colours import DIMENSION, palette
from atelier.families.outfit.config import ItemConfig
from atelier.families.outfit.metrics import compatibility_auc, fill_in_the_blank
from atelier.families.outfit.model import ItemFeatures, OutfitNetwork
from atelier.families.outfit.presets import small
from atelier.families.outfit.questions import blank_out, leave_one_out, made_up, padded, within_category
from atelier.families.outfit.sets import Sets
from atelier.families.outfit.task import OutfitModule, OutfitTask, SameCategorySampler
from atelier.families.outfit.validation import Validation, evaluate_network
from atelier.families.training import Training
from atelier.jobs.outfit.street_crops import crops_of
from atelier.lifecycle.fit import fit_on_schedule
from atelier.pictures import decode, read_mask
from atelier.vocabulary import Region

Rows = NDArray[np.float32]
_MARGIN = 20
_EPOCHS, _BATCH = 60, 128
"""Smaller batches and fewer passes than preset `small` has: the sets are fifty times fewer."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="one flat JSON object on standard output")
    arguments = parser.parse_args()
    photo_N, label_N, looks = _crops(arguments.data_dir)
    fold_N = np.random.default_rng(0).integers(arguments.folds, size=photo_N.max() + 1)[photo_N]
    found: dict[str, list[float]] = defaultdict(list)
    for fold in range(arguments.folds):
        asked = _questions(photo_N, label_N, fold_N == fold)
        for name, rows_ND in looks.items():
            for metric, value in _likeness(rows_ND, asked).items():
                found[f"{name}/{metric}"].append(value)
        for metric, value in _learned(photo_N, label_N, looks["palette"], fold_N == fold, asked).items():
            found[metric].append(value)
        found["num_questions"].append(len(asked.blanks))
        print(f"fold {fold}: {found['fill_in_the_blank'][-1]:.3f}", file=sys.stderr, flush=True)
    answer = {name: round(float(np.mean(values)), 4) for name, values in found.items()}
    answer |= {
        f"{name}_spread": round(float(np.std(found[name], ddof=1)), 4)
        for name in ("fill_in_the_blank", "compatibility_auc")
    }
    answer["num_questions"] = sum(found["num_questions"])
    text = "\n".join(f"{name:<32} {value}" for name, value in answer.items())
    print(json.dumps(answer) if arguments.json else text)


def _crops(data_dir: Path) -> tuple[NDArray[np.int64], NDArray[np.int64], dict[str, Rows]]:
    """Photo and label of every crop, and what it and its surroundings look like."""
    drop = read_drop(data_dir)
    raw = {each.photo.photo_id: each for each in drop.photos}
    regions: dict[str, list[Region]] = defaultdict(list)
    for region in drop.rows["regions"]:
        regions[region.photo_id].append(region)
    photos, labels = [], []
    looks: dict[str, list[Rows]] = {"palette": [], "rgb": [], "light": [], "background": []}
    for name in sorted(regions):
        pixels, mask = decode(raw[name].read()), read_mask(raw[f"{name}{MASK_SUFFIX}"].read())
        by_label = {region.label: region for region in regions[name]}
        for crop in crops_of(name, pixels, mask, regions[name]):
            value = by_label[crop.label].mask_value
            photos.append(name)
            labels.append(crop.label)
            own = pixels[mask == value]
            looks["palette"].append(crop.palette_C)
            looks["rgb"].append(_rgb(own))
            looks["light"].append(_unit(np.percentile(own.mean(1), [5, 25, 50, 75, 95])))
            looks["background"].append(_surroundings(pixels, mask, mask == value))
    photo_N, label_N = (
        np.unique(names, return_inverse=True)[1].astype(np.int64) for names in (photos, labels)
    )
    return photo_N, label_N, {name: np.array(rows, np.float32) for name, rows in looks.items()}


def _rgb(pixels_N3: NDArray[np.uint8]) -> Rows:
    cell_N = (pixels_N3 // 32).astype(np.int64) @ np.array([64, 8, 1])
    return _unit(np.sqrt(np.bincount(cell_N, minlength=512)))


def _surroundings(pixels: NDArray[np.uint8], mask: NDArray[np.uint8], own: NDArray[np.bool_]) -> Rows:
    """The palette of what is background within the crop's box and a margin; zeros where there is none."""
    rows, columns = np.flatnonzero(own.any(1)), np.flatnonzero(own.any(0))
    window = np.s_[
        max(0, rows[0] - _MARGIN) : rows[-1] + 1 + _MARGIN,
        max(0, columns[0] - _MARGIN) : columns[-1] + 1 + _MARGIN,
    ]
    around = pixels[window][mask[window] == 0]
    return palette(around) if len(around) else np.zeros(DIMENSION, np.float32)


def _unit(values: NDArray[np.floating]) -> Rows:
    return np.asarray(values / max(float(np.linalg.norm(values)), 1e-9), np.float32)


def _questions(
    photo_N: NDArray[np.int64], label_N: NDArray[np.int64], held_N: NDArray[np.bool_]
) -> Validation:
    """About the held-out photos, answered from among their own crops."""
    alone_N = np.where(held_N, label_N, -1 - np.arange(len(label_N)))
    rows_SP = padded(_sets(photo_N, held_N))
    good_SP, bad_SP = made_up(rows_SP, alone_N, photo_N, seed=0)
    draw = within_category(alone_N, photo_N)
    return Validation(blank_out(rows_SP, draw, 0, all_pieces=True), good_SP, bad_SP)


def _sets(photo_N: NDArray[np.int64], chosen_N: NDArray[np.bool_]) -> list[list[int]]:
    own = (np.flatnonzero((photo_N == photo) & chosen_N) for photo in np.unique(photo_N[chosen_N]))
    return [pieces.tolist() for pieces in own if len(pieces) >= 2]


def _likeness(rows_ND: Rows, asked: Validation) -> dict[str, float]:
    """Which answer is most like the others of its photo, on average."""

    def likeness(contexts: NDArray[np.int64], answers: NDArray[np.int64]) -> NDArray[np.float64]:
        known_QP = contexts >= 0
        cosine_QAP = np.einsum("qad,qpd->qap", rows_ND[answers], rows_ND[np.maximum(contexts, 0)])
        return np.asarray((cosine_QAP * known_QP[:, None]).sum(2) / known_QP.sum(1)[:, None])

    def of_sets(sets: NDArray[np.int64]) -> NDArray[np.float64]:
        number_Q, contexts, target_Q = leave_one_out(sets)
        return np.bincount(number_Q, likeness(contexts, target_Q[:, None])[:, 0]) / np.bincount(number_Q)

    return {
        "fill_in_the_blank": fill_in_the_blank(likeness(asked.blanks.rows_QP, asked.blanks.answers_QA)),
        "compatibility_auc": compatibility_auc(of_sets(asked.good_SP), of_sets(asked.bad_SP)),
    }


def _learned(
    photo_N: NDArray[np.int64],
    label_N: NDArray[np.int64],
    palette_NC: Rows,
    held_N: NDArray[np.bool_],
    asked: Validation,
) -> Mapping[str, float]:
    """The network, trained on the other photos."""
    preset, num = small(), len(photo_N)
    none = torch.zeros(num, 0)
    features = ItemFeatures(none, none, torch.from_numpy(palette_NC), torch.zeros(num, 0, dtype=torch.long))
    items = ItemConfig(colour_dimension=DIMENSION, dropout=0.0)
    torch.manual_seed(0)
    network = OutfitNetwork(replace(preset.student, items=items))
    rows_SP = padded(_sets(photo_N, ~held_N))
    sets = Sets(rows_SP, np.zeros(len(rows_SP), np.int64), np.ones(len(rows_SP), bool))
    same_category_N = np.where(held_N, label_N.max() + 1 + np.arange(num), label_N)
    task = OutfitTask(OutfitModule(network, preset.loss), features, SameCategorySampler(same_category_N))
    schedule = replace(preset.student_schedule, num_epochs=_EPOCHS, batch_size=_BATCH, ema_decay=0.98)
    training = Training(task, sets, schedule, write=lambda _: None)
    with TemporaryDirectory() as folder:
        fit_on_schedule(training, NullTracker(), Path(folder), progress=False)
    found = evaluate_network(network.eval(), features, {"held": asked})
    return {name.split("/")[1]: value for name, value in found.items()}


if __name__ == "__main__":
    main()
