"""Reads the catalogue as the retrieval family is trained on it: framed once for each data version, then
mapped.

N = catalogue photos, M = shoppers' photos of known items, P = labelled photos of unknown ones, F = side of a
frame, H, W = a street's height and width
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from atelier.datasets.catalogue import Catalogue
from atelier.errors import TrainingError
from atelier.families.retrieval.config import RetrievalConfig, RetrievalPreset
from atelier.families.retrieval.framing import frame
from atelier.families.retrieval.products import FRAME_SIDE, UNKNOWN, Labels, Products, product_frame, squeezed
from atelier.families.retrieval.tokens import token_ids
from atelier.families.retrieval.training import Material
from atelier.jobs.data.streets import shrunk_streets, street_photos, streets_of_products
from atelier.jobs.retrieval.products import class_numbers, item_numbers, labelled, products_of
from atelier.jobs.retrieval.validation import validation_of
from atelier.lifecycle.cache import in_threads, kept_folder
from atelier.lifecycle.context import Context
from atelier.matting import matte
from atelier.pictures import decode
from atelier.settings import Settings
from atelier.vocabulary import Item, Photo, PhotoKind, Split

ATTRIBUTES = ("subcategory", "department", "gender", "colour", "season", "usage")
"""Facts of an item that the embedding should know."""
FRAMES_FORMAT = 2
"""Raise it when frames are made differently: kept ones are then made anew."""
_STREET_SIZE = (160, 240)
"""Width and height of a kept street: a view shows a third of it or more."""
_MIN_PRODUCTS = 8


def material(context: Context[RetrievalPreset], role: str) -> Material:
    """Read the current data as teacher or student is trained on it. TrainingError: too few products."""
    config = context.preset.student if role == "student" else context.preset.teacher
    return load_material(context.settings, config, context.data_version, context.progress)


def load_material(settings: Settings, config: RetrievalConfig, data_version: str, progress: bool) -> Material:
    """Read a data version as a network of this configuration is trained on it."""
    catalogue = Catalogue.open(settings.data_dir)
    products = training_products(settings, catalogue, data_version, config.network.text.num_buckets, progress)
    return Material(
        products,
        torch.from_numpy(streets(settings, catalogue, data_version, products)),
        validation_of(settings, catalogue, data_version, config, products.labels),
    )


def training_products(
    settings: Settings, catalogue: Catalogue, data_version: str, num_buckets: int, progress: bool = True
) -> Products:
    """Read the training split of the catalogue with all its labels; all in one cluster at first.

    `num_buckets`: of the tower that the titles' tokens are for.
    The first call for a data version takes three minutes for each 100,000 photos; later ones map the arrays.

    TrainingError: the catalogue has too few products to train on.
    """
    photos, items = products_of(catalogue, Split.TRAIN)
    if len(photos) < _MIN_PRODUCTS:
        raise TrainingError(
            f"data version {data_version[:8]} has {len(photos)} catalogue photos to train on "
            f"(expected at least {_MIN_PRODUCTS}). Ingest a drop with products first: `atelier ingest DIR`"
        )
    shopper_photos = _shopper_photos(catalogue)
    _, label_P, shopper_labels = labelled(catalogue, Split.TRAIN)
    folder = frames_folder(settings, catalogue, data_version, progress)
    shopper_of = {photo.item_id: row for row, photo in enumerate(shopper_photos)}
    return Products(
        frames_N4FF=np.load(folder / "frames.npy", mmap_mode="r"),
        extents_N4=np.load(folder / "extents.npy"),
        shopper_frames_M3FF=np.load(folder / "shopper_frames.npy", mmap_mode="r"),
        shopper_N=np.asarray([shopper_of.get(photo.item_id, UNKNOWN) for photo in photos], np.int64),
        tokens_NT=token_ids([item.title for item in items], num_buckets),
        labelled_frames_P3FF=np.load(folder / "labelled_frames.npy", mmap_mode="r"),
        label_P=label_P,
        labels=_labels(items, shopper_labels),
    )


def frames_folder(settings: Settings, catalogue: Catalogue, data_version: str, progress: bool = True) -> Path:
    """Return the folder of the framed training products, made once for a data version: `frames.npy` [N, 4, F,
    F] and `extents.npy` [N, 4], in the order of `products_of(catalogue, Split.TRAIN)`, and shoppers' photos.
    """
    photos, _ = products_of(catalogue, Split.TRAIN)
    labelled_photos, _, _ = labelled(catalogue, Split.TRAIN)
    shopper_photos = _shopper_photos(catalogue)
    return kept_folder(
        settings.stores_dir / "frames" / f"{data_version[:16]}-{FRAMES_FORMAT}",
        lambda target: _write_frames(catalogue, photos, shopper_photos, labelled_photos, target, progress),
    )


def streets(
    settings: Settings, catalogue: Catalogue, data_version: str, products: Products
) -> NDArray[np.uint8]:
    """Read backgrounds for street views, uint8 [M, 3, H, W]: street photos of the training split.

    A catalogue without street photos lends its shoppers' photos, and without those its own products.
    """
    photos = street_photos(catalogue)
    if not photos:
        return streets_of_products(products.frames_N4FF)
    folder = settings.stores_dir / "streets" / f"{data_version[:16]}-{FRAMES_FORMAT}"
    return shrunk_streets(catalogue, photos, _STREET_SIZE, folder)


def _shopper_photos(catalogue: Catalogue) -> list[Photo]:
    """Shoppers' photos of known items, with boxes, of the training part."""
    return [
        photo
        for photo in catalogue.photos(PhotoKind.SHOPPER, Split.TRAIN)
        if photo.item_id and photo.x0 is not None
    ]


def _labels(items: Sequence[Item], shopper_labels: tuple[str, ...]) -> Labels:
    category_N, categories = class_numbers([item.category for item in items])
    columns, sizes = [], []
    for attribute in ATTRIBUTES:
        numbers, names = class_numbers([getattr(item, attribute) for item in items])
        if len(names) > 1:
            columns.append(numbers)
            sizes.append(len(names))
    attributes = np.stack(columns, axis=1) if columns else np.zeros((len(items), 0), np.int64)
    return Labels(
        item_N=item_numbers(items),
        cluster_N=np.zeros(len(items), np.int64),
        category_N=category_N,
        attributes_NA=attributes,
        categories=tuple(categories),
        attribute_sizes=tuple(sizes),
        title_N=class_numbers([item.title for item in items])[0],
        noun_N=class_numbers([item.title.split()[-1].casefold() for item in items])[0],
        shopper_labels=shopper_labels,
    )


def _write_frames(
    catalogue: Catalogue,
    photos: Sequence[Photo],
    shopper_photos: Sequence[Photo],
    labelled_photos: Sequence[Photo],
    target: Path,
    progress: bool,
) -> None:
    def product(photo: Photo) -> tuple[NDArray[np.uint8], tuple[float, ...]]:
        pixels = decode(catalogue.read(photo), shrink_to=2 * FRAME_SIDE)
        return product_frame(pixels, matte(pixels))

    def shopper(photo: Photo) -> NDArray[np.uint8]:
        return squeezed(frame(decode(catalogue.read(photo), shrink_to=None if photo.box else 320), photo.box))

    framed = in_threads(product, photos, "framing products", progress)
    np.save(target / "frames.npy", np.stack([pixels for pixels, _ in framed]))
    np.save(target / "extents.npy", np.asarray([extent for _, extent in framed], np.float32))
    empty = np.zeros((0, 3, FRAME_SIDE, FRAME_SIDE), np.uint8)
    for name, own in (("shopper_frames", shopper_photos), ("labelled_frames", labelled_photos)):
        frames = in_threads(shopper, own, "framing shoppers' photos", progress)
        np.save(target / f"{name}.npy", np.stack(frames) if frames else empty)
