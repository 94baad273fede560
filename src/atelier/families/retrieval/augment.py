"""Whole batches of views, made on the device: a tidy one of each product, and one like a shopper's photo.

A *frame* is a product's picture cut to its canonical box (3:4, see `inference.frame`), squeezed into a square
and kept with its alpha. A view looks at the frame through a box that is a little off, tilted and in
perspective; where it is a street view, what is not product shows a street.

B = batch, L = labelled photos, F = side of a frame, S = side of a view. Normalised coordinates run
from -1 to 1.
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from atelier.families.retrieval.config import AugmentConfig

ASPECT = 0.75
"""Width by height of a frame before it was squeezed into a square."""


def mirrored(
    frames_B4FF: Tensor, extents_B4: Tensor, config: AugmentConfig, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Mirror some products and their extents; both views of a product are mirrored alike."""
    draw = _Draw(len(frames_B4FF), frames_B4FF.device, generator)
    turn_B = draw.chance(config.mirror_share).bool()
    x0_B, y0_B, x1_B, y1_B = extents_B4.unbind(1)
    other_B4 = torch.stack([-x1_B, y0_B, -x0_B, y1_B], 1)  # no tables to copy to the device: it would wait
    return (
        torch.where(turn_B[:, None, None, None], frames_B4FF.flip(-1), frames_B4FF),
        torch.where(turn_B[:, None], other_B4, extents_B4),
    )


def tidy_views(
    frames_B4FF: Tensor,
    size: int,
    config: AugmentConfig,
    generator: torch.Generator,
    strength: float = 0.5,
) -> Tensor:
    """Render second photos like the shop's: nearly upright, over a plain and nearly white background.

    `frames_B4FF`: uint8, RGB and alpha. `strength`: 0 is the catalogue photo as it is, 1 is worn like a
    shopper's photo. Returns float [B, 3, size, size] in 0..1.
    """
    draw = _Draw(len(frames_B4FF), frames_B4FF.device, generator)
    grid = _view_grid(draw, None, 0.8 * strength * config.tilt_degrees, 0.06 * strength, config, size)
    view = F.grid_sample(_float(frames_B4FF), grid, padding_mode="border", align_corners=False)
    tint = 1 - 0.7 * strength * draw.uniform(0, 1, 3, 1, 1) * draw.chance(0.5, 1, 1, 1)
    plain = view[:, :3] * tint
    alpha = view[:, 3:]
    whole = draw.chance(0.5, 1, 1, 1)
    # Half keep their own background under the tinted light, half are put on a plain one of another tint.
    pixels = torch.where(whole > 0, plain, view[:, :3] * alpha + (1 - alpha) * tint)
    return _worn(pixels, draw, config, strength)


def street_views(
    frames_B4FF: Tensor,
    extents_B4: Tensor,
    streets_M3HW: Tensor,
    size: int,
    config: AugmentConfig,
    generator: torch.Generator,
) -> Tensor:
    """Render shoppers' photos of the products, cut to nearly the correct box, over parts of street photos.

    `extents_B4`: x0, y0, x1, y1 of the product in its frame, normalised. `streets_M3HW`: uint8.
    Returns float [B, 3, size, size] in 0..1.
    """
    draw = _Draw(len(frames_B4FF), frames_B4FF.device, generator)
    grid = _view_grid(draw, extents_B4, config.tilt_degrees, 0.08, config, size)
    view = F.grid_sample(_float(frames_B4FF), grid, padding_mode="zeros", align_corners=False)
    behind = _street_parts(draw, streets_M3HW, size)
    alpha = view[:, 3:]
    # Zero padding has darkened the colour of half-transparent border pixels by alpha already inside `view`.
    pixels = view[:, :3] * alpha + behind * (1 - alpha)
    return _worn(pixels, draw, config, strength=1.0)


def labelled_views(
    frames_L3FF: Tensor, size: int, config: AugmentConfig, generator: torch.Generator
) -> Tensor:
    """Render parts of shoppers' photos with their own background: mirrored, tilted, rescaled, degraded.

    `frames_L3FF`: uint8. Returns float [L, 3, size, size] in 0..1.
    """
    draw = _Draw(len(frames_L3FF), frames_L3FF.device, generator)
    wider = replace(config, zoom=config.labelled_zoom, shift=config.labelled_zoom / 2)
    grid = _view_grid(draw, None, config.tilt_degrees, 0.08, wider, size)
    turn = 1 - 2 * draw.chance(config.mirror_share, 1, 1)
    grid = torch.stack([grid[..., 0] * turn, grid[..., 1]], -1)
    view = F.grid_sample(_float(frames_L3FF), grid, padding_mode="reflection", align_corners=False)
    return _worn(view, draw, config, strength=0.8)


class _Draw:
    """Random numbers for each picture of a batch, from one generator."""

    def __init__(self, num: int, device: torch.device, generator: torch.Generator) -> None:
        self.num, self.device, self.generator = num, device, generator

    def uniform(self, low: float, high: float, *shape: int) -> Tensor:
        values = torch.rand((self.num, *shape), device=self.device, generator=self.generator)
        return low + (high - low) * values

    def normal(self, *shape: int) -> Tensor:
        return torch.randn((self.num, *shape), device=self.device, generator=self.generator)

    def chance(self, share: float, *shape: int) -> Tensor:
        return (self.uniform(0, 1, *shape) < share).float()

    def integers(self, high: int) -> Tensor:
        return torch.randint(high, (self.num,), device=self.device, generator=self.generator)


def _view_grid(
    draw: _Draw, extents_B4: Tensor | None, tilt: float, bend: float, config: AugmentConfig, size: int
) -> Tensor:
    """Where each pixel of a view looks in its frame: [B, size, size, 2], normalised.

    With `extents_B4` the view's box is the canonical box of the tilted product; without, the whole frame.
    """
    angle_B = draw.uniform(-tilt, tilt) * (math.pi / 180)
    cos_B, sin_B = angle_B.cos(), angle_B.sin()
    if extents_B4 is None:
        centre_B2 = torch.zeros(draw.num, 2, device=draw.device)
        half_B = torch.ones(draw.num, device=draw.device)
    else:
        centre_B2 = (extents_B4[:, :2] + extents_B4[:, 2:]) / 2
        width_B = (extents_B4[:, 2] - extents_B4[:, 0]) / 2 * ASPECT
        height_B = (extents_B4[:, 3] - extents_B4[:, 1]) / 2
        # A product seldom fills its corners: its tilted box is smaller than that of a tilted rectangle.
        wide_B = width_B * cos_B + 0.8 * height_B * sin_B.abs()
        high_B = height_B * cos_B + 0.8 * width_B * sin_B.abs()
        half_B = torch.maximum(wide_B / ASPECT, high_B) * 1.04
    zoom_B2 = 1 + draw.uniform(-config.zoom, config.zoom, 1) + draw.uniform(-0.05, 0.05, 2)
    shift_B2 = draw.uniform(-2 * config.shift, 2 * config.shift, 2)
    base = _pixel_grid(size, draw.device)
    warp = 1 + (base * draw.uniform(-bend, bend, 1, 1, 2)).sum(-1, keepdim=True)
    at = (base / warp * zoom_B2[:, None, None] + shift_B2[:, None, None]) * half_B[:, None, None, None]
    x, y = at[..., 0] * ASPECT, at[..., 1]
    cos, sin = cos_B[:, None, None], sin_B[:, None, None]
    turned = torch.stack([(x * cos + y * sin) / ASPECT, y * cos - x * sin], -1)
    return turned + centre_B2[:, None, None]


def _street_parts(draw: _Draw, streets_M3HW: Tensor, size: int) -> Tensor:
    """A part of a street for each picture: a third to four fifths of its width, mirrored half the time."""
    streets_B3HW = _float(streets_M3HW[draw.integers(len(streets_M3HW))])
    half_B1 = draw.uniform(0.33, 0.8, 1)
    centre_B2 = draw.uniform(-1, 1, 2) * (1 - half_B1)
    mirror_B1 = 1 - 2 * draw.chance(0.5, 1)
    scale_B2 = torch.cat([half_B1 * mirror_B1, half_B1 * 0.9], 1)
    grid = _pixel_grid(size, draw.device) * scale_B2[:, None, None] + centre_B2[:, None, None]
    return F.grid_sample(streets_B3HW, grid, padding_mode="reflection", align_corners=False)


def _worn(pixels_B3SS: Tensor, draw: _Draw, config: AugmentConfig, strength: float) -> Tensor:
    """Light, colour, blur and grey noise of a hand-held camera, at `strength` 0 to 1."""
    low, high = (1 + strength * (end - 1) for end in config.exposure)
    gain = draw.uniform(low, high, 1, 1, 1) * (1 + strength * config.cast * draw.uniform(-1, 1, 3, 1, 1))
    slope = strength * config.shade * draw.uniform(-0.5, 0.5, 1, 1, 2)
    shade = 1 + (_pixel_grid(pixels_B3SS.shape[-1], draw.device) * slope).sum(-1)[:, None]
    low, high = (1 + strength * (end - 1) for end in config.contrast)
    mean = pixels_B3SS.mean((1, 2, 3), keepdim=True)
    lit = ((pixels_B3SS - mean) * draw.uniform(low, high, 1, 1, 1) + mean) * gain * shade
    soft = _softened(lit, draw, config.blur_share)
    noise = draw.normal(1, *pixels_B3SS.shape[2:]) * draw.uniform(0, strength * config.noise, 1, 1, 1)
    return (soft + noise).clamp(0, 1)


def _softened(pixels_B3SS: Tensor, draw: _Draw, share: float) -> Tensor:
    """Between the picture and its blurred self, by a random amount, for `share` of the batch."""
    padded = F.pad(pixels_B3SS, (1, 1, 1, 1), mode="replicate")
    # The mean of 3x3 pixels, first down, then across: on a CPU four times as fast as `avg_pool2d`.
    rows = padded[..., :-2, :] + padded[..., 1:-1, :] + padded[..., 2:, :]
    blurred = (rows[..., :-2] + rows[..., 1:-1] + rows[..., 2:]) / 9
    amount = draw.chance(share, 1, 1, 1) * draw.uniform(0, 1, 1, 1, 1)
    return torch.lerp(pixels_B3SS, blurred, amount)


def _pixel_grid(size: int, device: torch.device) -> Tensor:
    """Centres of the pixels, (x, y) normalised: [1, size, size, 2]."""
    line = (torch.arange(size, device=device) * 2 + 1) / size - 1
    y, x = torch.meshgrid(line, line, indexing="ij")
    return torch.stack([x, y], -1)[None]


def _float(pixels: Tensor) -> Tensor:
    return pixels.float() / 255
