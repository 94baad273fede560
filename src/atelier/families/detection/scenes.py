"""Whole photos, composed on the device by the batch: a product over a street, and every item's true box.

A *scene* is a photo that is not drawn yet: where its product lies, which part of which street is behind it.
A *view* is a window of the scene drawn at some size: the whole of it for the first look, the surroundings of
one box for the second.

B = batch, F = side of a product's frame, S = side of a view, R = boxes of a scene, the product's first.
Boxes are x0, y0, x1, y1 in shares of the scene or the view, from 0 to 1.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from atelier.datasets.batches import CutoutBatch
from atelier.families.detection.config import SceneConfig

FRAME_ASPECT = 0.75
"""Width by height of a product's frame before it was squeezed into a square."""
UNKNOWN = -1
_MIN_VISIBLE = 0.45
"""An item of which less is seen in a view is not asked for."""
_MAX_COVERED = 0.6
"""A worn item of which the product's box hides more is not asked for."""


class Streets(NamedTuple):
    """Street photos and their worn items."""

    pixels_M3HW: Tensor
    """uint8."""
    boxes_MR4: Tensor
    """float32."""
    kinds_MR: Tensor
    """int64; `UNKNOWN` where a row has no more boxes."""


class Scenes(NamedTuple):
    """B photos that are not drawn yet."""

    frames_B4FF: Tensor
    """uint8, RGB and alpha of the products."""
    to_frame_B33: Tensor
    """Takes a place (x, y, 1) of the scene to its product's frame, -1 to 1."""
    has_product_B: Tensor
    is_plain_B: Tensor
    """Whether the background is plain, not a street."""
    street_B: Tensor
    """int64, row of the street."""
    part_B4: Tensor
    """Which part of the street is behind it; x0 > x1 where it is mirrored."""
    boxes_BR4: Tensor
    kinds_BR: Tensor
    """`UNKNOWN` where there is no item; the product is the first of its row."""


class View(NamedTuple):
    """Input and targets of the network."""

    pixels_B3SS: Tensor
    """float, 0 to 1."""
    boxes_BR4: Tensor
    kinds_BR: Tensor
    """`UNKNOWN` where there is no item."""
    has_main_B: Tensor
    """bool: the first box is the item that the photo is about."""


class _Draw:
    """Random numbers for each scene of a batch, from one generator."""

    def __init__(self, num: int, device: torch.device, generator: torch.Generator) -> None:
        self.num, self.device, self.generator = num, device, generator

    def uniform(self, low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(
            (self.num, *shape), device=self.device, generator=self.generator
        )

    def chance(self, share: float, *shape: int) -> Tensor:
        return self.uniform(0, 1, *shape) < share


def compose(
    products: CutoutBatch, streets: Streets, config: SceneConfig, generator: torch.Generator
) -> Scenes:
    """Compose one scene for each product; a share of them shows the street alone."""
    device = products.frames_B4FF.device
    draw = _Draw(len(products.frames_B4FF), device, generator)
    coin_B = draw.uniform(0, 1)
    plain_B = coin_B < config.plain_share
    has_product_B = coin_B < 1 - config.bare_share
    wide_B = draw.chance(config.wide_share)
    aspect_B = torch.where(wide_B, draw.uniform(0.68, 1.5), draw.uniform(*config.aspect))
    height_B = torch.where(
        plain_B, draw.uniform(*config.plain_height_share), draw.uniform(*config.height_share)
    )
    corners_B42 = _corners(draw, products.extents_B4, height_B, aspect_B, plain_B, config)
    extent_B42 = _extent_corners(products.extents_B4)
    to_frame_B33 = _homography(corners_B42, extent_B42)
    product_B4 = _tight_boxes(products.frames_B4FF, _homography(extent_B42, corners_B42))
    street_B = torch.randint(len(streets.pixels_M3HW), (draw.num,), device=device, generator=generator)
    part_B4 = _street_part(draw, streets.pixels_M3HW.shape[2:], aspect_B, config)
    worn_BR4, worn_kinds_BR = _worn_items(streets, street_B, part_B4)
    covered_BR = has_product_B[:, None] & (
        _overlap(worn_BR4, product_B4[:, None]) > _MAX_COVERED * _areas(worn_BR4)
    )
    worn_kinds_BR = worn_kinds_BR.masked_fill(covered_BR | plain_B[:, None], UNKNOWN)
    product_kind_B = products.kind_B.masked_fill(~has_product_B, UNKNOWN)
    return Scenes(
        frames_B4FF=products.frames_B4FF,
        to_frame_B33=to_frame_B33,
        has_product_B=has_product_B,
        is_plain_B=plain_B,
        street_B=street_B,
        part_B4=part_B4,
        boxes_BR4=torch.cat([product_B4[:, None], worn_BR4], 1),
        kinds_BR=torch.cat([product_kind_B[:, None], worn_kinds_BR], 1),
    )


def whole_views(
    scenes: Scenes, streets: Streets, size: int, config: SceneConfig, generator: torch.Generator
) -> View:
    """Render the whole scenes, for the first pass."""
    window_B4 = scenes.part_B4.new_tensor([0.0, 0.0, 1.0, 1.0]).expand(len(scenes.part_B4), 4)
    return _views(scenes, streets, window_B4, size, config, generator)


def close_views(
    scenes: Scenes, streets: Streets, size: int, config: SceneConfig, generator: torch.Generator
) -> View:
    """Render the surroundings of the product, or of the first worn item, for the second pass."""
    draw = _Draw(len(scenes.part_B4), scenes.part_B4.device, generator)
    first_B = (scenes.kinds_BR >= 0).float().argmax(1)
    box_B4 = scenes.boxes_BR4[torch.arange(draw.num, device=draw.device), first_B]
    side_B2 = (box_B4[:, 2:] - box_B4[:, :2]).clamp_min(0.02)
    centre_B2 = (box_B4[:, :2] + box_B4[:, 2:]) / 2
    centre_B2 = centre_B2 + draw.uniform(-config.close_shift, config.close_shift, 2) * side_B2
    half_B2 = side_B2 / 2 * (draw.uniform(*config.close_margin, 1) + draw.uniform(-0.1, 0.1, 2))
    window_B4 = torch.cat([centre_B2 - half_B2, centre_B2 + half_B2], 1).clamp(0, 1)
    return _views(scenes, streets, window_B4, size, config, generator)


def _views(
    scenes: Scenes,
    streets: Streets,
    window_B4: Tensor,
    size: int,
    config: SceneConfig,
    generator: torch.Generator,
) -> View:
    draw = _Draw(len(window_B4), window_B4.device, generator)
    line = (torch.arange(size, device=draw.device) + 0.5) / size
    x_BS = window_B4[:, :1] + line * (window_B4[:, 2:3] - window_B4[:, :1])
    y_BS = window_B4[:, 1:2] + line * (window_B4[:, 3:] - window_B4[:, 1:2])
    behind = _street_pixels(scenes, streets.pixels_M3HW, x_BS, y_BS)
    behind[scenes.is_plain_B] = _plain(draw, size)[scenes.is_plain_B]
    product = _product_pixels(scenes, x_BS, y_BS)
    alpha = product[:, 3:].mul_(scenes.has_product_B[:, None, None, None])
    pixels = behind.lerp_(product[:, :3], alpha)
    boxes_BR4, kinds_BR = _seen_through(scenes.boxes_BR4, scenes.kinds_BR, window_B4)
    has_main_B = scenes.has_product_B & (kinds_BR[:, 0] >= 0)
    worn = _worn(pixels, draw, config).contiguous(memory_format=torch.channels_last)
    return View(worn, boxes_BR4, kinds_BR, has_main_B)


def _corners(
    draw: _Draw, extents_B4: Tensor, height_B: Tensor, aspect_B: Tensor, plain_B: Tensor, config: SceneConfig
) -> Tensor:
    """Where the product's four corners lie, [B, 4, 2] in shares of the scene.

    As `simulate.shopper_photo` places a product: tilted, seen at an angle, wholly inside, rather near the
    middle; before a plain background nearly upright.
    """
    calm_B = torch.where(plain_B, 0.4, 1.0)
    width_B = FRAME_ASPECT * (extents_B4[:, 2] - extents_B4[:, 0]) / (extents_B4[:, 3] - extents_B4[:, 1])
    half_B2 = torch.stack([height_B * width_B, height_B], 1) / 2
    signs = torch.tensor([(-1, -1), (1, -1), (1, 1), (-1, 1)], device=draw.device)
    wander = draw.uniform(-1, 1, 4, 2) * (config.perspective * calm_B)[:, None, None]
    corners = (signs + wander) * half_B2[:, None]
    angle_B = draw.uniform(-1, 1) * calm_B * math.radians(config.tilt_degrees)
    cos, sin = angle_B.cos()[:, None], angle_B.sin()[:, None]
    x, y = corners.unbind(-1)
    corners = torch.stack([x * cos - y * sin, x * sin + y * cos], -1)
    corners = corners - corners.amin(1, keepdim=True)
    room_B2 = torch.stack([aspect_B, torch.ones_like(aspect_B)], 1)
    fit_B = (0.97 * room_B2 / corners.amax(1)).amin(1).clamp_max(1)
    corners = corners * fit_B[:, None, None]
    # The median of three even draws follows Beta(2, 2).
    place_B2 = draw.uniform(0, 1, 3, 2).median(1).values
    corners = corners + (place_B2 * (room_B2 - corners.amax(1)))[:, None]
    return corners / room_B2[:, None]


def _extent_corners(extents_B4: Tensor) -> Tensor:
    x0, y0, x1, y1 = extents_B4.unbind(1)
    return torch.stack([x0, y0, x1, y0, x1, y1, x0, y1], 1).view(-1, 4, 2)


def _homography(source_B42: Tensor, target_B42: Tensor) -> Tensor:
    """The projective map, [B, 3, 3], that takes four places to four others."""
    (x, y), (u, v) = source_B42.unbind(-1), target_B42.unbind(-1)
    one, zero = torch.ones_like(x), torch.zeros_like(x)
    rows = torch.cat(
        [
            torch.stack([x, y, one, zero, zero, zero, -u * x, -u * y], -1),
            torch.stack([zero, zero, zero, x, y, one, -v * x, -v * y], -1),
        ],
        1,
    )
    with torch.autocast(source_B42.device.type, enabled=False):
        solved_B8 = torch.linalg.solve(rows.double(), torch.cat([u, v], 1).double()).float()
    return torch.cat([solved_B8, one[:, :1]], 1).view(-1, 3, 3)


def _mapped(x: Tensor, y: Tensor, map_B33: Tensor) -> tuple[Tensor, Tensor]:
    """Places [B, ...] through a projective map."""
    m = map_B33.view(-1, 9, *(1 for _ in x.shape[1:])).unbind(1)
    scale = m[6] * x + m[7] * y + m[8]
    return (m[0] * x + m[1] * y + m[2]) / scale, (m[3] * x + m[4] * y + m[5]) / scale


def _tight_boxes(frames_B4FF: Tensor, to_scene_B33: Tensor) -> Tensor:
    """The boxes, [B, 4], of what is opaque in the frames."""
    side = frames_B4FF.shape[-1]
    line = (torch.arange(side, device=frames_B4FF.device) * 2 + 1) / side - 1
    y, x = torch.meshgrid(line, line, indexing="ij")
    num = len(frames_B4FF)
    hollow_BP = (frames_B4FF[:, 3] < 128).flatten(1)
    low, high = [], []
    for place in _mapped(x.reshape(1, -1).expand(num, -1), y.reshape(1, -1).expand(num, -1), to_scene_B33):
        low.append(place.masked_fill(hollow_BP, math.inf).amin(1))
        high.append(place.masked_fill(hollow_BP, -math.inf).amax(1))
    box_B4 = torch.stack([*low, *high], 1)
    # From the centres of the outermost pixels to their edges.
    step_B2 = (box_B4[:, 2:] - box_B4[:, :2]) / (2 * side)
    return torch.cat([box_B4[:, :2] - step_B2, box_B4[:, 2:] + step_B2], 1).clamp(0, 1)


def _street_part(draw: _Draw, street_size: torch.Size, aspect_B: Tensor, config: SceneConfig) -> Tensor:
    height, width = street_size
    width_B = torch.minimum(torch.ones_like(aspect_B), aspect_B * height / width)
    width_B = width_B * draw.uniform(*config.street_part)
    height_B = width_B * width / height / aspect_B
    x0, y0 = draw.uniform(0, 1) * (1 - width_B), draw.uniform(0, 1) * (1 - height_B)
    x1, y1 = x0 + width_B, y0 + height_B
    turn_B = draw.chance(0.5)
    return torch.stack([torch.where(turn_B, x1, x0), y0, torch.where(turn_B, x0, x1), y1], 1)


def _worn_items(streets: Streets, street_B: Tensor, part_B4: Tensor) -> tuple[Tensor, Tensor]:
    """Boxes and kinds of what is worn in the streets, in shares of the scenes that show parts of them."""
    boxes_BR4, kinds_BR = _seen_through(streets.boxes_MR4[street_B], streets.kinds_MR[street_B], part_B4)
    return boxes_BR4, kinds_BR


def _seen_through(boxes_BR4: Tensor, kinds_BR: Tensor, window_B4: Tensor) -> tuple[Tensor, Tensor]:
    """Boxes in shares of a window, cut at its edges; what hardly shows is `UNKNOWN`."""
    start, span = window_B4[:, None, :2], window_B4[:, None, 2:] - window_B4[:, None, :2]
    first, second = (boxes_BR4[..., :2] - start) / span, (boxes_BR4[..., 2:] - start) / span
    whole = torch.cat([torch.minimum(first, second), torch.maximum(first, second)], -1)
    seen = whole.clamp(0, 1)
    hidden_BR = _areas(seen) < _MIN_VISIBLE * _areas(whole).clamp_min(1e-9)
    return seen, kinds_BR.masked_fill(hidden_BR, UNKNOWN)


def _areas(boxes: Tensor) -> Tensor:
    return (boxes[..., 2:] - boxes[..., :2]).clamp_min(0).prod(-1)


def _overlap(one: Tensor, other: Tensor) -> Tensor:
    low = torch.maximum(one[..., :2], other[..., :2])
    high = torch.minimum(one[..., 2:], other[..., 2:])
    return (high - low).clamp_min(0).prod(-1)


def _street_pixels(scenes: Scenes, pixels_M3HW: Tensor, x_BS: Tensor, y_BS: Tensor) -> Tensor:
    """The nearest pixels of the streets: picked, not mixed, as `simulate.shopper_photo` picks them."""
    height, width = pixels_M3HW.shape[2:]
    x0, y0, x1, y1 = (edge[:, None] for edge in scenes.part_B4.unbind(1))
    columns_BS = ((x0 + x_BS * (x1 - x0)) * width).long().clamp(0, width - 1)
    rows_BS = ((y0 + y_BS * (y1 - y0)) * height).long().clamp(0, height - 1)
    street = scenes.street_B[:, None, None, None]
    channel = torch.arange(3, device=street.device)[None, :, None, None]
    return pixels_M3HW[street, channel, rows_BS[:, None, :, None], columns_BS[:, None, None]].float() / 255


def _product_pixels(scenes: Scenes, x_BS: Tensor, y_BS: Tensor) -> Tensor:
    num, size = x_BS.shape
    x, y = x_BS[:, None, :].expand(num, size, size), y_BS[:, :, None].expand(num, size, size)
    grid = torch.stack(_mapped(x, y, scenes.to_frame_B33), -1)
    frames = scenes.frames_B4FF.float() / 255
    return F.grid_sample(frames, grid, padding_mode="zeros", align_corners=False)


def _plain(draw: _Draw, size: int) -> Tensor:
    """Nearly even backgrounds: a light tint, brighter to one side."""
    tint = draw.uniform(0.5, 1, 1, 1, 1) + draw.uniform(-0.06, 0.06, 3, 1, 1)
    return (tint * (1 + _slope(draw, size, 0.15))).clamp(0, 1)


def _slope(draw: _Draw, size: int, most: float) -> Tensor:
    """Light that rises to one side, [B, 1, S, S], around 0."""
    line = torch.linspace(-1, 1, size, device=draw.device)
    slope = draw.uniform(-most / 2, most / 2, 2, 1, 1)
    return (slope[:, 0] * line + slope[:, 1] * line[:, None])[:, None]


def _worn(pixels_B3SS: Tensor, draw: _Draw, config: SceneConfig) -> Tensor:
    """Light, colour, blur and grey noise of a hand-held camera; changes `pixels_B3SS` in place."""
    size = pixels_B3SS.shape[-1]
    gain = draw.uniform(*config.exposure, 1, 1, 1) * (1 + config.cast * draw.uniform(-1, 1, 3, 1, 1))
    contrast = draw.uniform(*config.contrast, 1, 1, 1)
    grain = torch.randn((draw.num, 1, size, size), device=draw.device, generator=draw.generator)
    lit = pixels_B3SS.mul_(contrast * gain).add_((0.5 - 0.5 * contrast) * gain)
    lit.mul_(1 + _slope(draw, size, config.shade))
    # Scenes come in random order: the first of a batch are blurred.
    num_soft = round(draw.num * config.blur_share)
    lit[:num_soft].lerp_(_blurred(lit[:num_soft]), draw.uniform(0, 1, 1, 1, 1)[:num_soft])
    return lit.add_(grain.mul_(draw.uniform(0, config.noise, 1, 1, 1))).clamp_(0, 1)


def _blurred(pixels: Tensor) -> Tensor:
    """The mean of 3x3 pixels, first down, then across."""
    padded = F.pad(pixels, (1, 1, 1, 1), mode="replicate")
    rows = (padded[..., :-2, :] + padded[..., 1:-1, :]).add_(padded[..., 2:, :])
    return (rows[..., :-2] + rows[..., 1:-1]).add_(rows[..., 2:]).div_(9)
