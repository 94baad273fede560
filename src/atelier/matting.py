"""Takes a product off its plain background: RGB in, RGBA out. NumPy, and Pillow to shrink.

Training cuts products out with it, and so does the simulated world. uint8 [H, W, 3] in, [H, W, 4] out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from atelier.vocabulary import Box

Pixels = NDArray[np.uint8]


MIN_BORDER_SHARE = 0.45
"""Share of the border that must be of one colour for the background to be plain."""
SURE_BORDER_SHARE = 0.75
"""The same for a photo that may as well be cluttered: at 0.45 a quarter of street photos look plain, here one
in a hundred, and of re-shot products two in a hundred do not."""


def matte(pixels: Pixels, min_border_share: float = MIN_BORDER_SHARE) -> Pixels:
    """Return the picture as RGBA of the same size: alpha 0 on its plain background, 255 on the product.

    The background is a smooth surface (second order in x and y) through the border's prevailing colour, so
    that a vignette counts as plain; whatever is near to it and connected with the border is background.
    """
    background = _background_surface(pixels, min_border_share)
    if background is None:
        return np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])
    surface, spread = background
    distance = np.abs(pixels - surface).max(axis=-1)
    # Strict, and through gaps of three pixels or more, so that the background does not leak into a white
    # shirt; but lenient where a strong edge is near, because a JPEG rings around one.
    limit = np.where(_grown(distance > 4 * _FAR, _RINGING), _FAR, np.clip(4 + spread, 6, _FAR))
    outside = _connected_to_border(~_grown(distance >= limit))
    for most in (_FAR, 1.5 * _FAR, 1.5 * _FAR):
        outside |= _grown(outside) & (distance < most)
    if not _MIN_ITEM_SHARE < 1 - outside.mean() < _MAX_ITEM_SHARE:
        return np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])
    edge = _grown(outside) & ~outside
    opacity = np.where(outside, 0, np.where(edge, np.clip(distance / _SOLID, 0.25, 1), 1)).astype(np.float32)
    colours = _unmixed(pixels, surface, opacity, edge)
    return np.dstack([colours, np.rint(opacity * 255).astype(np.uint8)])


def item_before_plain_background(pixels: Pixels, min_border_share: float = MIN_BORDER_SHARE) -> Box | None:
    """Find the tight box of what is not plain background, in pixels; None where the background is not
    plain.
    """
    small = _shrunk(pixels)
    content = matte(small, min_border_share)[..., 3] >= 128
    if content.all():
        return None
    rows = np.flatnonzero(content.mean(axis=1) > _MIN_CONTENT)
    columns = np.flatnonzero(content.mean(axis=0) > _MIN_CONTENT)
    if len(rows) < 2 or len(columns) < 2:
        return None
    y_step, x_step = pixels.shape[0] / small.shape[0], pixels.shape[1] / small.shape[1]
    return Box(columns[0] * x_step, rows[0] * y_step, (columns[-1] + 1) * x_step, (rows[-1] + 1) * y_step)


_LOOK_SIDE = 64
"""A plain background is looked for in a picture of this longer side."""
_MIN_CONTENT = 0.012
"""A row or column belongs to the item when more than this share of it is not background."""
_FAR = 14
"""Largest difference in a channel (of 255) from the background's surface that JPEG noise explains."""
_RINGING = 4
"""How many pixels from a strong edge a JPEG's ringing is seen."""
_SOLID = 64
"""Difference from which an edge pixel counts as wholly the product's."""
_MIN_ITEM_SHARE = 0.01
_MAX_ITEM_SHARE = 0.97


def _background_surface(pixels: Pixels, min_border_share: float) -> tuple[NDArray[np.float32], float] | None:
    """The plain background's colour at each pixel and how far its border strays from it; None without one."""
    height, width = pixels.shape[:2]
    border = np.zeros((height, width), bool)
    border[:2], border[-2:], border[:, :2], border[:, -2:] = True, True, True, True
    colours = pixels[border].astype(np.float32)
    # Models often stand in the way of the lower border: the upper two thirds say what the background is.
    prevailing = np.median(pixels[: 2 * height // 3][border[: 2 * height // 3]], axis=0)
    inlier = np.abs(colours - prevailing).max(axis=1) < 3 * _FAR
    if inlier.mean() < min_border_share:
        return None
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    terms = np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=-1)
    fitted = terms[border][inlier]
    weights = np.linalg.solve(fitted.T @ fitted + 1e-3 * np.eye(6), fitted.T @ colours[inlier])
    residual = np.abs(fitted @ weights - colours[inlier]).max(axis=1)
    if (residual < _FAR).mean() * inlier.mean() < min_border_share:
        return None
    surface = np.clip(terms @ weights.astype(np.float32), 0, 255)
    return surface, float(np.quantile(residual, 0.9))


def _connected_to_border(candidate: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Candidates that a path of candidates joins to the border, found by runs along rows and columns."""
    reached = np.zeros_like(candidate)
    reached[[0, -1]] = candidate[[0, -1]]
    reached[:, [0, -1]] = candidate[:, [0, -1]]
    row_runs, column_runs = _run_numbers(candidate), _run_numbers(candidate.T)
    num_reached = -1
    while num_reached != (num_reached := int(reached.sum())):
        reached = _whole_runs(reached, row_runs) & candidate
        reached = (_whole_runs(reached.T, column_runs) & candidate.T).T
    return reached


def _run_numbers(candidate: NDArray[np.bool_]) -> NDArray[np.intp]:
    """A number for each stretch of a row between two changes."""
    change = np.ones_like(candidate)
    change[:, 1:] = candidate[:, 1:] != candidate[:, :-1]
    return np.cumsum(change).reshape(candidate.shape) - 1


def _whole_runs(reached: NDArray[np.bool_], runs: NDArray[np.intp]) -> NDArray[np.bool_]:
    touched = np.zeros(int(runs[-1, -1]) + 1, bool)
    touched[runs[reached]] = True
    return touched[runs]


def _grown(mask: NDArray[np.bool_], steps: int = 1) -> NDArray[np.bool_]:
    for _ in range(steps):
        grown = mask.copy()
        grown[1:] |= mask[:-1]
        grown[:-1] |= mask[1:]
        grown[:, 1:] |= mask[:, :-1]
        grown[:, :-1] |= mask[:, 1:]
        mask = grown
    return mask


def _unmixed(
    pixels: Pixels, surface: NDArray[np.float32], opacity: NDArray[np.float32], edge: NDArray[np.bool_]
) -> Pixels:
    """Edge pixels mix product and background: solve for the product's part."""
    result = pixels.copy()
    share = opacity[edge][:, None]
    result[edge] = np.clip((pixels[edge] - (1 - share) * surface[edge]) / share, 0, 255).astype(np.uint8)
    return result


def _shrunk(pixels: Pixels) -> Pixels:
    """At most `_LOOK_SIDE` pixels on its longer side, which also averages noise away."""
    height, width = pixels.shape[:2]
    scale = _LOOK_SIDE / max(height, width)
    if scale >= 1:
        return pixels
    size = (max(4, round(width * scale)), max(4, round(height * scale)))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0))
