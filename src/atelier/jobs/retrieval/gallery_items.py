"""Prepares the catalogue for an index: items with a picture, embedded on demand."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from atelier.datasets.catalogue import Catalogue
from atelier.families.retrieval.inference import Encoded, Encoder, crop, prepare
from atelier.index.schema import Embedded, IndexItem
from atelier.pictures import PictureLimits, decode, encode_jpeg
from atelier.settings import Settings
from atelier.vocabulary import PhotoKind

THUMBNAIL_SIDE = 256
_ENCODED_AT_ONCE = 64

log = logging.getLogger(__name__)


class GalleryItems:
    """Items with the digest of each one's picture, and the encoder that embeds them."""

    def __init__(self, settings: Settings, encoder: Encoder, catalogue: Catalogue | None = None) -> None:
        """`catalogue`: that of the workspace by default."""
        self._encoder = encoder
        self._limits = PictureLimits(settings.max_picture_pixels, settings.min_picture_side)
        self._catalogue = catalogue or Catalogue.open(settings.data_dir)
        self.picture_of: dict[str, str] = {}
        """Item id -> sha256 of its catalogue photo; of several, the first by photo id."""
        self._photos = {}
        for photo in self._catalogue.photos(PhotoKind.CATALOGUE):
            if photo.item_id is not None and photo.sha256 is not None:
                self.picture_of.setdefault(photo.item_id, photo.sha256)
                self._photos[photo.sha256] = photo
        items = self._catalogue.items()
        self.items = [
            IndexItem(item, self.picture_of[item.item_id])
            for item in items
            if item.item_id in self.picture_of
        ]
        if len(self.items) < len(items):
            log.warning("%d items have no photo and cannot be found", len(items) - len(self.items))

    def read(self, picture: str) -> bytes:
        """Read the stored bytes of a picture by its digest."""
        return self._catalogue.read(self._photos[picture])

    def embed(self, pictures: Sequence[str]) -> Embedded:
        """Compute vectors and thumbnails of pictures named by digest."""
        encoded, thumbnails = [], []
        for start in range(0, len(pictures), _ENCODED_AT_ONCE):
            stored = [self.read(picture) for picture in pictures[start : start + _ENCODED_AT_ONCE]]
            decoded = [self._decoded(data) for data in stored]
            encoded.append(self._encoder.encode(decoded))
            thumbnails += [_thumbnail(data, pixels) for data, pixels in zip(stored, decoded, strict=True)]
        joined = Encoded.joined(encoded)
        return Embedded(joined.embedding, thumbnails, joined.relevance)

    def framed(self, pictures: Sequence[str]) -> NDArray[np.float32]:
        """Return pictures named by digest as inputs of the encoder: float32 [N, 3, S, S] in 0..1."""
        size = self._encoder.contract.image_size
        seen = [prepare(crop(self._decoded(self.read(picture))), size) for picture in pictures]
        return np.stack(seen) if seen else np.zeros((0, 3, size, size), np.float32)

    def _decoded(self, data: bytes) -> NDArray[np.uint8]:
        return decode(data, self._limits, max(self._encoder.contract.image_size, THUMBNAIL_SIDE))


def _thumbnail(data: bytes, pixels: np.ndarray) -> bytes:
    """Return a JPEG of at most THUMBNAIL_SIDE pixels a side: the stored one where it is that small
    already.
    """
    if data.startswith(b"\xff\xd8") and max(pixels.shape[:2]) <= THUMBNAIL_SIDE:
        return data
    image = Image.fromarray(pixels)
    image.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS)
    return encode_jpeg(np.asarray(image), quality=85)
