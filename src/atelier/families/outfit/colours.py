"""Describes a picture by its palette: pictures of similar colours get near vectors. NumPy only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_BINS = 6
DIMENSION = _BINS**3
_RANGES = ((0, 100), (-40, 40), (-40, 40))
"""Of lightness, green to red and blue to yellow; beyond them counts as at their ends."""
_WHITE = np.array([0.9505, 1.0, 1.089])
_XYZ_OF_RGB = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def palette(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Compute the square roots of the shares of CIELAB colours, a unit vector [216], of RGB pixels [..., 3].

    The product of two is the Bhattacharyya coefficient of their histograms (Rubner et al. 2000 compare such
    measures).
    """
    lab_N3 = _lab(pixels.reshape(-1, 3))
    low, high = np.array(_RANGES).T
    cell_N3 = np.clip((lab_N3 - low) / (high - low) * _BINS, 0, _BINS - 1).astype(np.int64)
    counts = np.bincount(cell_N3 @ np.array([_BINS**2, _BINS, 1]), minlength=DIMENSION)
    return np.sqrt(counts / counts.sum()).astype(np.float32)


def item_palette(cut_out: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Compute the palette of the opaque part of an RGBA picture [H, W, 4]; of all of it where nothing is
    opaque.
    """
    opaque = cut_out[..., 3] >= 128
    return palette(cut_out[..., :3][opaque] if opaque.any() else cut_out[..., :3])


def _lab(rgb_N3: NDArray[np.uint8]) -> NDArray[np.float64]:
    """sRGB, white D65, to CIELAB (CIE 15, section 8.2)."""
    steps = np.arange(256) / 255
    linear = np.where(steps > 0.04045, ((steps + 0.055) / 1.055) ** 2.4, steps / 12.92)
    xyz_N3 = linear[rgb_N3] @ _XYZ_OF_RGB.T / _WHITE
    root_N3 = np.where(xyz_N3 > 0.008856, np.cbrt(xyz_N3), 7.787 * xyz_N3 + 16 / 116)
    x, y, z = root_N3.T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], 1)
