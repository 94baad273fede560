"""A set in, its picture out: the best template or the solver, composed once and encoded at several sizes."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from atelier.collage.boxes import Layout, Piece, Pixels
from atelier.collage.compose import compose
from atelier.collage.fonts import Fonts
from atelier.collage.matching import best_match
from atelier.collage.measures import BOUNDS, Bounds, Measures, faults, measure
from atelier.collage.solver import MAX_PIECES, solve
from atelier.collage.templates import Colour, Panel, Template, TextArea
from atelier.collage.text import TextBlock, set_text
from atelier.errors import CollageError
from atelier.vocabulary import Box

FORMATS = ("jpeg", "png", "webp")
MAX_SIDE = 4096
_MIN_SHARE_OF_PIECES = 0.3
"""Where the solver places: of the canvas's height, what texts leave to the pieces at least."""


@dataclass(frozen=True)
class CollageOptions:
    """Options of a collage."""

    size: tuple[int, int] = (800, 800)
    """(width, height) in pixels. Templates of other proportions do not suit."""
    seed: int = 0
    """Chooses among templates that suit nearly alike, and among the solver's arrangements."""
    margin: float = 0.06
    """Where the solver places: kept free along each side, as a share of the shorter side."""
    background: Colour = (247, 245, 241)
    """Where the solver places."""
    background_to: Colour | None = (240, 236, 229)
    """The same, at the lower side."""
    shadow: float = 0.16
    """Where the solver places: strength of the soft shadow, 0 to 1."""
    ink: Colour = (44, 40, 37)
    """Of texts, where the solver places."""
    bounds: Bounds = field(default_factory=Bounds)

    def __post_init__(self) -> None:
        if not 64 <= min(self.size) <= max(self.size) <= MAX_SIDE:
            raise CollageError(
                f"a collage of {self.size[0]} x {self.size[1]} pixels: each side is 64 to {MAX_SIDE}"
            )
        if not 0 <= self.margin <= 0.2:
            raise CollageError(f"a margin of {self.margin}: expected 0 to 0.2 of the shorter side")


@dataclass(frozen=True, eq=False)
class Collage:
    """A finished collage, with how it was laid out."""

    image: Image.Image
    """RGB, at the size that was asked for."""
    layout: Layout
    template: str | None
    """The template's name; None where the solver placed the pieces."""
    measures: Measures

    @property
    def pixels(self) -> Pixels:
        """RGB, uint8 [H, W, 3]."""
        return np.asarray(self.image)

    def encode(self, file_format: str = "jpeg", width: int | None = None, quality: int = 90) -> bytes:
        """Encode the picture as JPEG, PNG or WebP, at its own width or a smaller one."""
        if file_format not in FORMATS:
            raise CollageError(f"no format '{file_format}' (known: {', '.join(FORMATS)})")
        full = self.image
        if width is not None and width != full.width:
            if not 16 <= width < full.width:
                raise CollageError(f"a width of {width}: expected 16 to {full.width}, the collage's own")
            size = (width, max(1, round(full.height * width / full.width)))
            full = full.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
        out = io.BytesIO()
        if file_format == "png":
            full.save(out, "PNG", compress_level=3)
        elif file_format == "webp":
            full.save(out, "WEBP", quality=quality, method=2)
        else:
            full.save(out, "JPEG", quality=quality, subsampling="4:4:4" if quality >= 95 else "4:2:0")
        return out.getvalue()


def make_collage(
    pieces: Sequence[Piece],
    templates: Sequence[Template],
    texts: Mapping[str, str] | None = None,
    fonts: Fonts | None = None,
    options: CollageOptions | None = None,
) -> Collage:
    """Lay a set out and draw it.

    `texts` by area: the library's are 'title' and 'subtitle'. Empty ones count as none. Where the solver
    places, they stand above, the first one large.
    Raises CollageError: no pieces or too many, a text without fonts, a text too long.
    """
    options = options or CollageOptions()
    given = {name: text for name, text in (texts or {}).items() if text.strip()}
    if not 1 <= len(pieces) <= MAX_PIECES:
        raise CollageError(f"a collage has 1 to {MAX_PIECES} pieces, not {len(pieces)}")
    if given and fonts is None:
        raise CollageError(f"the text '{next(iter(given))}' cannot be set: no fonts were given")
    match = best_match(
        pieces, templates, given, options.size[0] / options.size[1], options.seed, options.bounds
    )
    if match is not None:
        template, layout = match.template, match.layout
    else:
        template, layout = _solved(pieces, tuple(given), options)
    blocks = _blocks(template, given, fonts)
    image = compose(layout, template, blocks, options.size)
    return Collage(image, layout, match.template.name if match else None, measure(layout))


def _blocks(template: Template, texts: Mapping[str, str], fonts: Fonts | None) -> list[TextBlock]:
    if fonts is None:
        return []
    return [set_text(texts[area.name], area, fonts) for area in template.texts if area.name in texts]


def _solved(
    pieces: Sequence[Piece], names: tuple[str, ...], options: CollageOptions
) -> tuple[Template, Layout]:
    """The solver's layout, and the plain template that it is drawn with."""
    width, height = 1000 * options.size[0] / options.size[1], 1000.0
    short = min(width, height)
    margin = options.margin * short
    areas, top = [], margin
    for position, name in enumerate(names):
        size = short * (0.052 if position == 0 else 0.03)
        box = Box(margin, top, width - margin, top + 1.3 * size)
        areas.append(_area(name, box, size, options.ink, position == 0))
        top = box.y1 + 0.2 * size
    if names:
        top += 0.02 * short
    if height - margin - top < _MIN_SHARE_OF_PIECES * height:
        raise CollageError(
            f"{len(names)} texts leave the pieces {max(height - margin - top, 0) / height:.0%} of the "
            f"picture's height; expected {_MIN_SHARE_OF_PIECES:.0%} or more. Leave texts out, or name a "
            f"template that has areas for them"
        )
    content = Box(margin, top, width - margin, height - margin)
    text_boxes = tuple((area.name, area.box) for area in areas)
    layout = solve(pieces, content, (width, height), margin, text_boxes, options.seed)
    panel = Panel(Box(0, 0, width, height), options.background, options.background_to)
    plain = Template("", width, height, margin, (), tuple(areas), (panel,), None, options.shadow)
    return plain, layout


def _area(name: str, box: Box, size: float, ink: Colour, is_first: bool) -> TextArea:
    style = "serif" if is_first else "sans"
    return TextArea(name, box, size, size * 0.45, ink, "centre", "middle", style)


__all__ = ["BOUNDS", "Collage", "CollageOptions", "Piece", "faults", "make_collage"]
