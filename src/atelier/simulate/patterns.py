"""Draws the patterns of fabrics: one function a pattern, each a picture of the canvas's size."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from atelier.simulate.canvas import SIZE
from atelier.simulate.palette import RGB, Palette, is_dark, shade

Pixels = NDArray[np.uint8]
Pattern = Callable[[Palette, np.random.Generator], Image.Image]


def weave(pattern: str, palette: Palette, rng: np.random.Generator) -> Image.Image:
    """Draw the fabric of this pattern, 240 x 320 RGB. Raises KeyError for an unknown pattern."""
    return PATTERNS[pattern](palette, rng)


def plain(palette: Palette, _rng: np.random.Generator) -> Image.Image:
    return Image.new("RGB", SIZE, palette.main)


def heather(palette: Palette, rng: np.random.Generator) -> Image.Image:
    """Draw mixed yarn: fine grain of two shades."""
    grain = rng.integers(0, 256, size=(SIZE[1] // 2, SIZE[0]), dtype=np.uint8)
    mask = Image.fromarray(grain).resize(SIZE, Image.Resampling.BILINEAR)
    light = shade(palette.main, 1.35 if is_dark(palette.main) else 1.2)
    return Image.composite(
        Image.new("RGB", SIZE, light), Image.new("RGB", SIZE, shade(palette.main, 0.85)), mask
    )


def denim(palette: Palette, rng: np.random.Generator) -> Image.Image:
    """Draw twill with faded places."""
    x, y = np.arange(SIZE[0])[None], np.arange(SIZE[1])[:, None]
    twill = ((x + y) % 4 < 2) * 12.0
    faded = Image.fromarray(rng.integers(0, 256, size=(7, 5), dtype=np.uint8)).resize(
        SIZE, Image.Resampling.BICUBIC
    )
    light = twill + np.asarray(faded, dtype=np.float32) * 0.22 + rng.integers(-10, 10, size=SIZE[::-1]) - 30
    return Image.fromarray(np.clip(light[..., None] + np.array(palette.main), 0, 255).astype(np.uint8))


def stripes(palette: Palette, rng: np.random.Generator) -> Image.Image:
    return _bands(_bar_code(palette, rng, SIZE[1], wide=(8, 26)), across=True)


def pinstripes(palette: Palette, rng: np.random.Generator) -> Image.Image:
    period, line = int(rng.integers(8, 20)), palette.second
    colours = np.array([line if i % period < 2 else palette.main for i in range(SIZE[0])], np.uint8)
    return _bands(colours, across=False)


def diagonal(palette: Palette, rng: np.random.Generator) -> Image.Image:
    """Draw slanted stripes, as on a tie."""
    straight = _bands(_bar_code(palette, rng, 480, wide=(10, 24)), across=True, size=(480, 480))
    slanted = straight.rotate(float(rng.choice([-45, 45])) + rng.uniform(-8, 8), Image.Resampling.BILINEAR)
    return slanted.crop((120, 80, 120 + SIZE[0], 80 + SIZE[1]))


def checks(palette: Palette, rng: np.random.Generator) -> Image.Image:
    """Draw gingham: both ways alike, half as strong where only one way runs."""
    period = int(rng.integers(10, 32))
    x, y = np.arange(SIZE[0])[None] // (period // 2) % 2, np.arange(SIZE[1])[:, None] // (period // 2) % 2
    share = (x + y)[..., None] / 2
    return Image.fromarray(
        (np.array(palette.main) * (1 - share) + np.array(palette.second) * share).astype(np.uint8)
    )


def tartan(palette: Palette, rng: np.random.Generator) -> Image.Image:
    """Draw unequal bands of three colours, woven both ways."""
    across = _bar_code(palette, rng, SIZE[1], wide=(6, 24))
    down = _bar_code(palette, rng, SIZE[0], wide=(6, 24))
    return Image.fromarray(((across[:, None].astype(np.uint16) + down[None]) // 2).astype(np.uint8))


def dots(palette: Palette, rng: np.random.Generator) -> Image.Image:
    period = int(rng.integers(12, 36))
    radius = period * rng.uniform(0.16, 0.32)
    tile = Image.new("RGB", (period * 4, period * 4), palette.main)
    draw = ImageDraw.Draw(tile)
    for x, y in ((0, 0), (4, 0), (0, 4), (4, 4), (2, 2)):
        edges = (
            x * period - radius * 4,
            y * period - radius * 4,
            x * period + radius * 4,
            y * period + radius * 4,
        )
        draw.ellipse([round(edge) for edge in edges], fill=palette.second)
    return _tiled(tile.reduce(4 if period > 20 else 2))


def gradient(palette: Palette, rng: np.random.Generator) -> Image.Image:
    """Draw a gradient from one colour to another, downwards."""
    start, end = sorted(rng.uniform(0, 1, size=2))
    t = np.clip((np.linspace(0, 1, SIZE[1]) - start * 0.4) / (0.4 + 0.6 * end), 0, 1)[:, None]
    colours = np.array(palette.main) * (1 - t) + np.array(palette.second) * t
    return _bands(colours.astype(np.uint8), across=True)


def blocks(palette: Palette, rng: np.random.Generator) -> Image.Image:
    """Draw two or three fields, as on a rugby shirt."""
    first, second = sorted(rng.uniform(0.2, 0.8, size=2))
    rows = np.linspace(0, 1, SIZE[1])[:, None]
    colours = np.where(rows < first, palette.main, np.where(rows < second, palette.second, palette.accent))
    return _bands(colours.astype(np.uint8), across=bool(rng.random() < 0.75))


def floral(palette: Palette, rng: np.random.Generator) -> Image.Image:
    """Draw scattered blossoms of five petals with leaves."""
    picture = Image.new("RGB", SIZE, palette.main)
    draw = ImageDraw.Draw(picture)
    size = rng.uniform(5, 11)
    leaf = (70, 120, 60) if not is_dark(palette.main) else (120, 160, 100)
    for x, y in _scattered(rng, spacing=size * 3.0):
        turn = rng.uniform(0, 2 * np.pi)
        _disc(draw, x + size * 1.3 * np.cos(turn), y + size * 1.3 * np.sin(turn), size * 0.5, leaf)
        colour = palette.second if rng.random() < 0.6 else palette.accent
        for petal in range(5):
            angle = turn + petal * 2 * np.pi / 5
            _disc(draw, x + size * 0.55 * np.cos(angle), y + size * 0.55 * np.sin(angle), size * 0.48, colour)
        _disc(draw, x, y, size * 0.3, shade(palette.main, 0.9))
    return picture


def camouflage(palette: Palette, rng: np.random.Generator) -> Image.Image:
    shades = (palette.main, shade(palette.main, 0.6), shade(palette.main, 1.35), palette.second)
    cells = (int(rng.integers(8, 14)), int(rng.integers(10, 18)))
    picture = Image.new("RGB", SIZE, shades[0])
    for colour in shades[1:]:
        spots = Image.fromarray(rng.integers(0, 256, size=cells[::-1], dtype=np.uint8))
        mask = spots.resize(SIZE, Image.Resampling.BICUBIC).point([0] * 150 + [255] * 106)
        picture.paste(colour, (0, 0), mask)
    return picture


def leopard(palette: Palette, rng: np.random.Generator) -> Image.Image:
    picture = Image.new("RGB", SIZE, palette.main)
    draw = ImageDraw.Draw(picture)
    size = rng.uniform(3.5, 6.5)
    dark = shade(palette.main, 0.35) if not is_dark(palette.main) else shade(palette.main, 1.6)
    for x, y in _scattered(rng, spacing=size * 2.6):
        edges = [round(v) for v in (x - size, y - size * 0.8, x + size, y + size * 0.8)]
        draw.arc(edges, int(rng.integers(0, 360)), int(rng.integers(180, 700)), fill=dark, width=3)
        _disc(draw, x, y, size * 0.35, palette.second)
    return picture


def geometric(palette: Palette, rng: np.random.Generator) -> Image.Image:
    """Draw a repeated tile of triangles and lozenges."""
    period = int(rng.integers(18, 44))
    tile = Image.new("RGB", (period * 2, period * 2), palette.main)
    draw, p = ImageDraw.Draw(tile), period
    lozenge = [(p, 0), (2 * p, p), (p, 2 * p), (0, p)]
    triangles = [(0, 0), (p, 0), (0, p)], [(2 * p, 2 * p), (p, 2 * p), (2 * p, p)]
    if rng.random() < 0.6:
        draw.polygon(lozenge, fill=palette.second)
    if rng.random() < 0.7:
        for corner in triangles:
            draw.polygon(corner, fill=palette.accent)
    inner = [(p, p // 2), (p + p // 2, p), (p, p + p // 2), (p // 2, p)]
    draw.polygon(inner, fill=palette.accent if rng.random() < 0.5 else palette.main)
    return _tiled(tile.reduce(2))


def knit(palette: Palette, rng: np.random.Generator) -> Image.Image:
    """Draw cables and ribs."""
    x, y = np.arange(SIZE[0])[None], np.arange(SIZE[1])[:, None]
    rib, cable = int(rng.integers(5, 9)), int(rng.integers(24, 46))
    ribs = np.where(x % rib < rib // 2, 8, -8)
    wave = np.sin((x % cable) / cable * 2 * np.pi + np.sin(y / cable * 2 * np.pi) * 2.2) * 16
    light = ribs + wave * (x // cable % 2)
    return Image.fromarray(np.clip(light[..., None] + np.array(palette.main), 0, 255).astype(np.uint8))


def zigzag(palette: Palette, rng: np.random.Generator) -> Image.Image:
    """Draw bands that climb and fall, as on a winter sweater."""
    period = int(rng.integers(16, 40))
    x, y = np.arange(SIZE[0])[None], np.arange(SIZE[1])[:, None]
    height = np.abs(x % period - period // 2) + y
    choice = height // int(rng.integers(6, 14)) % 3
    return Image.fromarray(np.array([palette.main, palette.second, palette.accent], np.uint8)[choice])


PATTERNS: dict[str, Pattern] = {
    "plain": plain, "heather": heather, "denim": denim, "striped": stripes, "pinstriped": pinstripes,
    "diagonal": diagonal, "checked": checks, "tartan": tartan, "dotted": dots, "gradient": gradient,
    "colour-block": blocks, "floral": floral, "camouflage": camouflage, "leopard": leopard,
    "geometric": geometric, "knit": knit, "zigzag": zigzag,
}  # fmt: skip
"""Every pattern by its name; a new one needs a function and a line here."""


def _bar_code(palette: Palette, rng: np.random.Generator, length: int, wide: tuple[int, int]) -> Pixels:
    """A rhythm of two to four bars, repeated: [length, 3]."""
    colours = [palette.main, palette.second, palette.main, palette.accent][: int(rng.choice([2, 2, 3, 4]))]
    widths = rng.integers(wide[0] // 2, wide[1] // 2 + 1, size=len(colours)) * (1 + rng.random() * 1.2)
    widths[0] *= 1.6
    rhythm = np.repeat(np.array(colours, np.uint8), np.rint(widths).astype(int), axis=0)
    return np.resize(rhythm, (length, 3))


def _bands(colours: Pixels, *, across: bool, size: tuple[int, int] = SIZE) -> Image.Image:
    """A line of colours drawn out across or down the picture; stretched where it is too short."""
    line = Image.fromarray(colours[:, None] if across else colours[None])
    return line.resize(size, Image.Resampling.NEAREST)


def _tiled(tile: Image.Image) -> Image.Image:
    pixels = np.asarray(tile)
    repeats = (SIZE[1] // pixels.shape[0] + 1, SIZE[0] // pixels.shape[1] + 1, 1)
    return Image.fromarray(np.tile(pixels, repeats)[: SIZE[1], : SIZE[0]])


def _scattered(rng: np.random.Generator, spacing: float) -> NDArray[np.float64]:
    """A jittered grid of places over the picture: [N, 2]."""
    x, y = np.meshgrid(np.arange(0, SIZE[0] + spacing, spacing), np.arange(0, SIZE[1] + spacing, spacing))
    x[1::2] += spacing / 2
    places = np.column_stack([x.ravel(), y.ravel()])
    return places + rng.uniform(-0.25, 0.25, size=places.shape) * spacing


def _disc(draw: ImageDraw.ImageDraw, x: float, y: float, radius: float, colour: RGB) -> None:
    draw.ellipse([round(edge) for edge in (x - radius, y - radius, x + radius, y + radius)], fill=colour)
