"""Street photos: a person in a styled outfit, in some place, with the true region of each garment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from atelier.simulate.articles import Slot
from atelier.simulate.catalogue import draw_item
from atelier.simulate.palette import RGB, shade
from atelier.simulate.scenes import draw_scene
from atelier.simulate.shopper_photo import MILD, worn_jpeg
from atelier.simulate.stylists import StyledOutfit
from atelier.simulate.world import SimulatedItem, Stream, generator
from atelier.vocabulary import Region

STREET_SIZE = (360, 540)
OUTDOORS = ("street", "park")
_SKIN: RGB = (232, 190, 158)
_HAIR: tuple[RGB, ...] = ((30, 26, 24), (84, 54, 34), (150, 106, 60), (196, 168, 120), (120, 44, 28))
_MIN_PIXELS = 60
"""A garment of which less is seen has no region."""


@dataclass(frozen=True)
class _Place:
    """Where a garment goes on the figure: its top middle, and the largest width and height."""

    x: int
    y: int
    width: int
    height: int


_SLOTS: dict[Slot, _Place] = {
    Slot.BOTTOM: _Place(180, 262, 118, 226),
    Slot.TOP: _Place(180, 116, 208, 166),
    Slot.WHOLE: _Place(180, 116, 190, 330),
    Slot.OUTER: _Place(180, 112, 224, 196),
    Slot.BAG: _Place(276, 292, 92, 116),
}
_CATEGORIES: dict[str, _Place] = {
    "Coats": _Place(180, 112, 224, 300),
    "Caps": _Place(180, 28, 88, 58),
    "Hats": _Place(180, 20, 100, 62),
    "Sunglasses": _Place(180, 78, 52, 24),
    "Scarves": _Place(180, 110, 84, 150),
    "Ties": _Place(180, 122, 30, 110),
    "Belts": _Place(180, 256, 104, 34),
    "Watches": _Place(93, 268, 16, 30),
    "Necklaces": _Place(180, 112, 46, 52),
    "Umbrellas": _Place(70, 60, 150, 240),
}
"""Articles with a place of their own; the rest of `Slot.EXTRA` is not worn in sight."""
_LAYERS = (Slot.SHOES, Slot.BOTTOM, Slot.TOP, Slot.WHOLE, Slot.EXTRA, Slot.OUTER, Slot.BAG)
"""From the skin outwards."""


def outfit_jpeg(seed: int, styled: StyledOutfit, photo_id: str) -> tuple[bytes, list[Region]]:
    """Render a street photo of this outfit, 360 x 540, and a region for each visible garment."""
    rng = generator(seed, Stream.STREET, styled.number)
    scene = Image.fromarray(draw_scene(rng, OUTDOORS)).resize(STREET_SIZE, Image.Resampling.BILINEAR)
    _draw_person(ImageDraw.Draw(scene), rng)
    owner = Image.new("L", STREET_SIZE)
    worn = sorted(styled.items, key=lambda item: _LAYERS.index(item.article.slot))
    for index, item in enumerate(worn, start=1):
        for garment, corner in _fitted(seed, item):
            mask = garment.getchannel("A")
            scene.paste(garment.convert("RGB"), corner, mask)
            owner.paste(index, corner, mask.point([0] * 128 + [255] * 128))
    regions = _regions(np.asarray(owner), worn, photo_id)
    return worn_jpeg(scene, STREET_SIZE, rng, MILD, quality=(70, 92), strength=0.7), regions


def _fitted(seed: int, item: SimulatedItem) -> list[tuple[Image.Image, tuple[int, int]]]:
    """A garment's picture at its size on the figure, with its left upper corner; two for shoes."""
    picture = draw_item(seed, item)
    picture = picture.crop(picture.getchannel("A").getbbox())
    if item.article.slot == Slot.SHOES:
        return _pair(picture, item.item.category == "Flip Flops")
    place = _CATEGORIES.get(item.item.category) or _SLOTS.get(item.article.slot)
    if place is None:
        return []
    garment = _shrunk(picture, place.width, place.height)
    return [(garment, (place.x - garment.width // 2, place.y))]


def _pair(picture: Image.Image, is_pair: bool) -> list[tuple[Image.Image, tuple[int, int]]]:
    ground = 512
    shoe = _shrunk(picture, 96 if is_pair else 64, 120)
    if is_pair:
        return [(shoe, (180 - shoe.width // 2, ground - shoe.height))]
    other = shoe.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return [(shoe, (180 - 4 - shoe.width, ground - shoe.height)), (other, (180 + 4, ground - shoe.height))]


def _shrunk(picture: Image.Image, width: int, height: int) -> Image.Image:
    scale = min(width / picture.width, height / picture.height)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size, Image.Resampling.BILINEAR)


def _draw_person(draw: ImageDraw.ImageDraw, rng: np.random.Generator) -> None:
    skin = shade(_SKIN, rng.uniform(0.35, 1.05))
    hair = _HAIR[int(rng.integers(len(_HAIR)))]
    long_hair = rng.random() < 0.5
    draw.rounded_rectangle((146, 40, 214, 150 if long_hair else 96), 30, fill=hair)
    draw.rounded_rectangle((168, 104, 192, 140), 8, fill=skin)
    draw.ellipse((151, 50, 209, 122), fill=skin)
    draw.pieslice((149, 42, 211, 110), 180, 360, fill=hair)
    for eye in (168, 192):
        draw.ellipse((eye - 3, 84, eye + 3, 89), fill=(40, 34, 32))
    draw.arc((170, 92, 190, 110), 20, 160, fill=shade(skin, 0.6), width=2)
    draw.rounded_rectangle((140, 130, 220, 290), 24, fill=skin)
    for side in (-1, 1):
        draw.line(
            [(180 + side * 44, 146), (180 + side * 72, 220), (180 + side * 88, 290)],
            fill=skin,
            width=22,
            joint="curve",
        )
        draw.ellipse((180 + side * 88 - 13, 284, 180 + side * 88 + 13, 312), fill=skin)
        draw.line([(180 + side * 22, 270), (180 + side * 26, 500)], fill=skin, width=30)


def _regions(owner: np.ndarray, worn: list[SimulatedItem], photo_id: str) -> list[Region]:
    regions = []
    for index, item in enumerate(worn, start=1):
        seen = owner == index
        num_pixels = int(seen.sum())
        if num_pixels < _MIN_PIXELS:
            continue
        rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
        x0, y0, x1, y1 = (float(edge) for edge in (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1))
        regions.append(Region(photo_id, item.item.category, x0, y0, x1, y1, num_pixels))
    return regions
