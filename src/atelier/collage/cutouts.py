"""Catalogue photos -> cut-outs: the background gone, holes open, shadows soft, cropped. Kept by content.

`matting.matte` finds what is joined to the border; here follows what a collage needs besides. Masks: [H, W].
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from atelier.collage.boxes import Pixels
from atelier.errors import CollageError
from atelier.matting import matte
from atelier.pictures import decode_shrunk

Bools = NDArray[np.bool_]

LONGEST = 640
"""Pixels of a cut-out's longer side: enough for a canvas of 1,100 pixels."""
_HOLE = 8
"""Largest difference, of 255, from the background of what is seen through a hole."""
_EDGE = 24
"""Difference from the background at a hole's frame."""
_MIN_FRAME = 0.6
"""Share of a hole's surroundings that must be so different."""
_MAX_HOLES = 40
_SHADOW = 90
"""A shadow takes at most so much of the background's light."""
_COLOURLESS = 14
"""Largest difference between a shadow's channels, the background's own taken off."""
_SMOOTH = 12
"""Largest difference within three pixels of a shadow."""
_FAINT = 45
"""A rim takes at most so much of the background's light."""
_RIM = 0.03
"""Of the longer side: how wide a rim may be."""
_MAX_WHITE = 0.4
"""A product of which more looks like a rim is white itself."""
_BAND = 2
"""Pixels from the outside that may be of mixed colours."""
_TOLD_APART = 70
"""Distance of a product's colour from the background's from which a mixture of the two is told."""
_UPPER = 0.45
"""Share of the product's height, from above, where no shadow lies."""
_MAX_VEIL = 0.5
_THIN = 8
"""Solid pixels below a shadow that its own rim explains."""
_CRUMB = 0.01
"""Of the area of the largest part: smaller ones are dust."""
_MIN_ALPHA = 20


def cut_out(photo: Pixels) -> Pixels:
    """Cut the product out of RGB [H, W, 3] as cropped RGBA. A picture without a plain background keeps it.

    Takes 40 ms at 640 pixels. Raises CollageError where nothing is left.
    """
    cut = matte(photo)
    alpha = cut[..., 3]
    if alpha.min() == 255:
        return cut
    background = np.median(photo[alpha == 0], axis=0).astype(np.int16)
    _open_holes(cut, background)
    veil = _soften_shadows(cut, photo, background)
    _unmix_edges(cut, photo, background, veil)
    _drop_crumbs(cut)
    seen = cut[..., 3] > _MIN_ALPHA
    rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
    if len(rows) < 2 or len(columns) < 2:
        raise CollageError(
            f"nothing is left of the picture ({photo.shape[1]} x {photo.shape[0]}) without its background"
        )
    return np.ascontiguousarray(cut[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])


class CutOuts:
    """Recent cut-outs, by the content of their pictures. Safe to share by threads."""

    def __init__(self, most: int = 256) -> None:
        self._most = most
        self._kept: OrderedDict[bytes, Pixels] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, data: bytes) -> Pixels:
        """Return the cut-out of a picture's bytes, made once as long as it is kept. PictureError,
        CollageError.
        """
        digest = hashlib.sha256(data).digest()
        with self._lock:
            if digest in self._kept:
                self._kept.move_to_end(digest)
                return self._kept[digest]
        made = cut_out(_shrunk(decode_shrunk(data, LONGEST // 2).pixels))
        made.flags.writeable = False
        with self._lock:
            self._kept[digest] = made
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return made


def _shrunk(photo: Pixels) -> Pixels:
    image = Image.fromarray(photo)
    image.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return np.asarray(image)


def _open_holes(cut: Pixels, background: NDArray[np.int16]) -> None:
    """Open flat patches of the background's colour that the product surrounds: inside a handle."""
    reach = max(2, round(0.006 * max(cut.shape[:2])))
    far = _largest(np.abs(cut[..., :3] - background))
    near = (far <= _HOLE) & (cut[..., 3] == 255)
    sure = _framed(_shrunken(near, reach), far)
    holes = _grown(sure, 2 * reach) & near
    cut[..., 3][holes] = 0


def _framed(holes: Bools, far: NDArray[np.int16]) -> Bools:
    """Those parts with a strong edge around: a handle ends at once, the highlight on a white shirt fades."""
    small = _reduced(holes, 4, 1)
    parts = _parts(small)
    edges = _reduced(far > _EDGE, 4, 4)
    kept = np.zeros_like(small)
    for number in np.unique(parts[small])[:_MAX_HOLES]:
        part = parts == number
        ring = _grown(part, 3) & ~_grown(part, 1)
        if edges[ring].mean() >= _MIN_FRAME:
            kept |= part
    return _enlarged(kept, 4, holes.shape) & holes


def _soften_shadows(cut: Pixels, photo: Pixels, background: NDArray[np.int16]) -> Bools:
    """Turn grey veils on the outline, shadows and reflections, into transparent black; return where."""
    light = photo.astype(np.int16) - background
    mean = (light[..., 0] + light[..., 1] + light[..., 2]) // np.int16(3)
    veil = (_largest(light) + _largest(-light) <= _COLOURLESS) & (mean >= -_SHADOW) & (cut[..., 3] > 0)
    veil &= _steep(mean) <= _SMOOTH
    softened = np.zeros_like(veil)
    for part in (_rim(cut, veil & (mean >= -_FAINT)), _on_the_floor(cut, veil)):
        dark = np.clip(-mean[part] / max(float(background.mean()), 1.0), 0, 1)
        cut[..., 3][part] = np.rint(255 * dark).astype(np.uint8)
        cut[part, :3] = 0
        softened |= part
    return softened


def _unmix_edges(cut: Pixels, photo: Pixels, background: NDArray[np.int16], veil: Bools) -> None:
    """Solve pixels at the edge for what the product has of them, by its own colour further in."""
    outside = (cut[..., 3] == 0) | veil
    band = _grown(outside, _BAND) & ~outside
    inside = np.where(
        (band | outside)[..., None], 0, np.dstack([cut[..., :3], np.full(veil.shape, 255, np.uint8)])
    )
    near = np.asarray(
        Image.fromarray(inside.astype(np.uint8)).filter(ImageFilter.BoxBlur(_BAND + 2)), np.float32
    )
    known = band & (near[..., 3] > 8)
    product = near[known, :3] * (255 / near[known, 3:])
    step = product - background
    length = (step * step).sum(-1)
    share = ((photo[known] - background) * step).sum(-1) / np.maximum(length, 1)
    # On a white product the two colours are too near to each other to tell.
    told = length > _TOLD_APART**2
    old = cut[..., 3][known]
    new = np.rint(255 * np.clip(share, 0, 1)).astype(np.uint8)
    lower = told & (new < old)
    where = tuple(axis[lower] for axis in np.nonzero(known))
    cut[..., 3][where] = new[lower]
    cut[..., :3][where] = np.clip(product[lower], 0, 255).astype(np.uint8)


def _rim(cut: Pixels, veil: Bools) -> Bools:
    """A narrow veil between background and product; one that goes on inwards is a white shirt."""
    if veil.sum() > _MAX_WHITE * (cut[..., 3] > 0).sum():
        return np.zeros_like(veil)
    reach = max(2, round(_RIM * max(veil.shape) / 2))
    near, allowed = _reduced(cut[..., 3] == 0, 2, 1), _reduced(veil, 2, 2)
    narrow = _flooded(near, allowed, reach)
    deep = _flooded(narrow | near, allowed, reach) & ~narrow & ~near
    narrow &= ~_grown(deep, min(2 * reach, 10))
    return _grown(_enlarged(narrow, 2, veil.shape), 1) & veil


def _on_the_floor(cut: Pixels, veil: Bools) -> Bools:
    """A veil on the lower half, joined to the outside, with nothing solid below it in its column."""
    solid = (cut[..., 3] > 0) & ~veil
    veil = veil & (np.cumsum(solid[::-1], axis=0, dtype=np.int16)[::-1] <= _THIN)
    rows = np.flatnonzero((cut[..., 3] > 0).any(1))
    veil[: rows[0] + round(_UPPER * (rows[-1] - rows[0]))] = False
    near, allowed = _reduced(cut[..., 3] == 0, 4, 1), _reduced(veil, 4, 16)
    reached = _grown(_enlarged(_flooded(near, allowed, max(near.shape)), 4, veil.shape), 3) & veil
    # A white shirt's hem looks alike: a veil is a small part of the whole.
    is_small = reached.sum() < _MAX_VEIL * (cut[..., 3] > 0).sum()
    return reached if is_small else np.zeros_like(veil)


def _flooded(start: Bools, allowed: Bools, steps: int) -> Bools:
    """What so many steps through allowed places reach from a start, the start itself left out."""
    near = start
    for _ in range(steps):
        grown = near | (_grown(near, 1) & allowed)
        if (grown == near).all():
            break
        near = grown
    return near & allowed & ~start


def _largest(channels: NDArray[np.int16]) -> NDArray[np.int16]:
    """Of three channels; many times faster than `max(-1)`."""
    return np.maximum(np.maximum(channels[..., 0], channels[..., 1]), channels[..., 2])


def _drop_crumbs(cut: Pixels) -> None:
    """Clear what is far smaller than the largest part and joined to none: dust, a shadow's edge."""
    seen = cut[..., 3] > _MIN_ALPHA
    small = _reduced(seen, 4, 1)
    parts = _parts(small)
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    dust = (sizes < _CRUMB * sizes.max())[parts] & small
    if dust.any():
        cut[..., 3][_enlarged(dust, 4, seen.shape)] = 0


def _parts(mask: Bools) -> NDArray[np.intp]:
    """A number from 1 for each joined part of a mask, 0 beside them."""
    leader = [0]
    numbers = np.zeros(mask.shape, np.intp)
    above: list[tuple[int, int, int]] = []
    for y, row in enumerate(np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)):
        runs = []
        for x0, x1 in zip(np.flatnonzero(row == 1).tolist(), np.flatnonzero(row == -1).tolist(), strict=True):
            number = len(leader)
            leader.append(number)
            for start, stop, other in above:
                if start <= x1 and x0 <= stop:
                    leader[_lead(leader, other)] = _lead(leader, number)
            numbers[y, x0:x1] = number
            runs.append((x0, x1, number))
        above = runs
    return np.array([_lead(leader, number) for number in range(len(leader))])[numbers]


def _lead(leader: list[int], number: int) -> int:
    while leader[number] != number:
        leader[number] = leader[leader[number]]
        number = leader[number]
    return number


def _grown(mask: Bools, steps: int) -> Bools:
    """By a square of so many pixels each way, at most 10: a box blur leaves nothing dark that it touches."""
    blurred = Image.fromarray(mask.astype(np.uint8) * 255).filter(ImageFilter.BoxBlur(steps))
    return np.asarray(blurred) > 0


def _shrunken(mask: Bools, steps: int) -> Bools:
    return ~_grown(~mask, steps)


def _steep(grey: NDArray[np.int16]) -> NDArray[np.int16]:
    """Largest difference to the pixels around, over two pixels."""
    steep = np.zeros_like(grey)
    steep[1:-1] = np.abs(grey[2:] - grey[:-2])
    steep[:, 1:-1] = np.maximum(steep[:, 1:-1], np.abs(grey[:, 2:] - grey[:, :-2]))
    return steep


def _enlarged(small: Bools, step: int, shape: tuple[int, ...]) -> Bools:
    """What `_reduced` made small, at its full size again."""
    return small.repeat(step, axis=0).repeat(step, axis=1)[: shape[0], : shape[1]]


def _reduced(mask: Bools, step: int, least: int) -> Bools:
    """Each square of `step` pixels as one: true where `least` of its pixels or more are."""
    height, width = mask.shape
    padded = np.pad(mask, ((0, -height % step), (0, -width % step)), mode="edge")
    squares = padded.reshape(padded.shape[0] // step, step, padded.shape[1] // step, step)
    many: Bools = squares.sum((1, 3)) >= least
    return many
