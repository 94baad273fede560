"""Reads the training and test data of a detector: framed products, street photos, photos with ground truth.

N = catalogue photos, M = street photos, R = boxes of a photo, H, W = a street's height and width
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import torch
from numpy.typing import NDArray

from atelier.datasets.catalogue import Catalogue
from atelier.errors import TrainingError
from atelier.families.detection.config import DetectionPreset
from atelier.families.detection.kinds import KINDS, NOT_ITEMS, kind_of
from atelier.families.detection.products import Cutouts
from atelier.families.detection.scenes import UNKNOWN, Streets
from atelier.families.detection.task import Truth
from atelier.families.detection.training import Material
from atelier.jobs.data.streets import shrunk_streets, street_photos, streets_of_products
from atelier.jobs.retrieval.material import frames_folder
from atelier.jobs.retrieval.products import products_of
from atelier.jobs.retrieval.queries import held_out_queries
from atelier.lifecycle.context import Context
from atelier.pictures import decode
from atelier.settings import Settings
from atelier.vocabulary import Box, PhotoKind, Region, Split

STREETS_FORMAT = 1
"""Raise it when streets are kept differently: kept ones are then made anew."""
_STREET_SIZE = (240, 360)
"""Width and height of a kept street."""
_MAX_WORN = 7
"""Labelled items of a street photo that are kept, the largest first."""
_MIN_PRODUCTS = 8


def material(context: Context[DetectionPreset], role: str) -> Material:
    """Read the current data as the detector is trained on it. TrainingError: there are too few products."""
    del role  # there is one stage
    return load_material(context.settings, context.data_version, context.progress)


def load_material(settings: Settings, data_version: str, progress: bool) -> Material:
    """Read a data version as the detector's training wants it.

    TrainingError: the catalogue has too few products to train on.
    """
    catalogue = Catalogue.open(settings.data_dir)
    _, items = products_of(catalogue, Split.TRAIN)
    if len(items) < _MIN_PRODUCTS:
        raise TrainingError(
            f"data version {data_version[:8]} has {len(items)} catalogue photos to train a detector on "
            f"(expected at least {_MIN_PRODUCTS}). Ingest a drop with products first: `atelier ingest DIR`"
        )
    folder = frames_folder(settings, catalogue, data_version, progress)
    products = Cutouts(
        frames_N4FF=np.load(folder / "frames.npy", mmap_mode="r"),
        extents_N4=np.load(folder / "extents.npy"),
        kind_N=np.asarray([KINDS.index(kind_of(item.category)) for item in items], np.int64),
    )
    return Material(
        products,
        _streets(settings, catalogue, data_version, products),
        truths(settings, catalogue, data_version, Split.VALIDATION),
    )


def truths(settings: Settings, catalogue: Catalogue, data_version: str, split: Split) -> list[Truth]:
    """List held-out photos with known boxes: searches with a box, then labelled street photos."""
    category_of = {item.item_id: item.category for item in catalogue.items()}
    queries = [
        query
        for query in held_out_queries(settings, catalogue, data_version, split)
        if query.box is not None and query.item_id in category_of
    ]
    searches = [
        Truth(query.pixels(), _array([query.box]), (kind_of(category_of[query.item_id]),), has_main=True)
        for query in queries
        if query.box is not None
    ]
    return searches + _labelled_streets(catalogue, split)


def _labelled_streets(catalogue: Catalogue, split: Split) -> list[Truth]:
    regions = worn_items(catalogue)
    return [
        Truth(
            decode(catalogue.read(photo)),
            _array([Box(each.x0, each.y0, each.x1, each.y1) for each in regions[photo.photo_id]]),
            tuple(kind_of(each.label) for each in regions[photo.photo_id]),
            has_main=False,
        )
        for photo in catalogue.photos(PhotoKind.STREET, split)
        if photo.photo_id in regions
    ]


def worn_items(catalogue: Catalogue) -> dict[str, list[Region]]:
    """List the labelled items of each street photo that can be sold, largest first."""
    regions: dict[str, list[Region]] = defaultdict(list)
    for region in catalogue.regions():
        if region.label not in NOT_ITEMS:
            regions[region.photo_id].append(region)
    return {
        photo_id: sorted(worn, key=lambda each: -(each.x1 - each.x0) * (each.y1 - each.y0))[:_MAX_WORN]
        for photo_id, worn in regions.items()
    }


def _streets(settings: Settings, catalogue: Catalogue, data_version: str, products: Cutouts) -> Streets:
    """List street photos of the training split with their worn items.

    A catalogue without street photos lends its shoppers' photos, and without those its own products.
    """
    photos = street_photos(catalogue)
    if not photos:
        pixels = streets_of_products(products.frames_N4FF)
        return Streets(torch.from_numpy(pixels), *_no_boxes(len(pixels)))
    folder = settings.stores_dir / "streets" / f"{data_version[:16]}-detector-{STREETS_FORMAT}"
    streets_M3HW = shrunk_streets(catalogue, photos, _STREET_SIZE, folder)
    regions = worn_items(catalogue)
    boxes_MR4, kinds_MR = _no_boxes(len(photos))
    for row, photo in enumerate(photos):
        assert photo.width and photo.height, "an accepted photo knows its size"
        for column, worn in enumerate(regions.get(photo.photo_id, [])):
            edges = torch.tensor([worn.x0, worn.y0, worn.x1, worn.y1])
            boxes_MR4[row, column] = edges / torch.tensor([photo.width, photo.height] * 2)
            kinds_MR[row, column] = KINDS.index(kind_of(worn.label))
    return Streets(torch.from_numpy(streets_M3HW), boxes_MR4, kinds_MR)


def _no_boxes(num: int) -> tuple[torch.Tensor, torch.Tensor]:
    boxes_MR4 = torch.tensor([0.0, 0.0, 1.0, 1.0]).repeat(num, _MAX_WORN, 1)
    return boxes_MR4, torch.full((num, _MAX_WORN), UNKNOWN)


def _array(boxes: list[Box]) -> NDArray[np.float32]:
    return np.asarray([box.as_tuple() for box in boxes], np.float32).reshape(-1, 4)
