"""Reads pictures of the items of outfits, for an image tower that is trained end to end.

M = pictures, N = items, S = image size
"""

from __future__ import annotations

import numpy as np
import torch

from atelier.families.outfit.end_to_end import Pictures
from atelier.families.outfit.material import SetMaterial
from atelier.jobs.retrieval.embedder import CatalogueEmbedder
from atelier.progress import Progress

_FRAMED_AT_ONCE = 256


def pictures_of(material: SetMaterial, embedder: CatalogueEmbedder, *, progress: bool = True) -> Pictures:
    """Frame the catalogue photos of the material's items as the embedder does: S * S * 3 bytes each."""
    picture_of = embedder.gallery.picture_of
    shown = {row: picture_of[item_id] for row, item_id in material.item_ids.items() if item_id in picture_of}
    row_N = torch.full((len(material.items),), -1)
    row_N[list(shown)] = torch.arange(len(shown))
    digests, size = list(shown.values()), embedder.contract.image_size
    pixels_M3SS = np.zeros((len(digests), 3, size, size), np.uint8)
    with Progress("pictures", len(digests), unit="pictures", shown=progress) as bar:
        for start in range(0, len(digests), _FRAMED_AT_ONCE):
            part = slice(start, start + _FRAMED_AT_ONCE)
            pixels_M3SS[part] = np.round(embedder.gallery.framed(digests[part]) * 255)
            bar.update(len(digests[part]))
    return Pictures(torch.from_numpy(pixels_M3SS), row_N)
