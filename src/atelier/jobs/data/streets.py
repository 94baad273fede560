"""Street photos as backgrounds of training pictures, shrunk to one size once for each data version.

N = framed products, F = side of a frame, M = street photos, H, W = a street's height and width
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from atelier.datasets.catalogue import Catalogue
from atelier.lifecycle.cache import in_threads, kept_folder
from atelier.pictures import decode
from atelier.vocabulary import Photo, PhotoKind, Split

_MAX_STREETS = 2000
_MAX_PRODUCTS = 256


def street_photos(catalogue: Catalogue) -> list[Photo]:
    """List the street photos of the training split; a catalogue without any lends its shoppers' photos."""
    photos = catalogue.photos(PhotoKind.STREET, Split.TRAIN) or catalogue.photos(
        PhotoKind.SHOPPER, Split.TRAIN
    )
    return photos[:_MAX_STREETS]


def streets_of_products(frames_N4FF: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Take framed products for streets where a catalogue has none: uint8 [M, 3, F, F]."""
    return np.ascontiguousarray(frames_N4FF[:_MAX_PRODUCTS, :3])


def shrunk_streets(
    catalogue: Catalogue, photos: Sequence[Photo], size: tuple[int, int], folder: Path
) -> NDArray[np.uint8]:
    """Read photos, one or more, at a size of (width, height): uint8 [M, 3, H, W].

    `folder` keeps them: the first call makes it, later ones read it, whatever their photos are.
    """

    def shrunk(photo: Photo) -> NDArray[np.uint8]:
        pixels = decode(catalogue.read(photo), shrink_to=size[0])
        small = Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR, reducing_gap=3.0)
        return np.ascontiguousarray(np.asarray(small).transpose(2, 0, 1))

    def write(target: Path) -> None:
        np.save(target / "streets.npy", np.stack(in_threads(shrunk, photos, "streets", progress=False)))

    streets: NDArray[np.uint8] = np.load(kept_folder(folder, write) / "streets.npy")
    return streets
