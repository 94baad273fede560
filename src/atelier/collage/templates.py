"""Templates that a designer writes: boxes by slot, background, text areas, margin. JSON, checked when read.

The format is described in docs/reference/collage-templates.md; `library/*.json` come with Atelier.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from atelier.collage.boxes import Pixels, inside, overlap
from atelier.collage.document import Value, parse_document
from atelier.errors import PictureError, TemplateError
from atelier.pictures import decode
from atelier.places import LeftOut, own_files, require_file
from atelier.vocabulary import Box

Colour = tuple[int, int, int]

ANY = "*"
"""As a slot: whatever no other box takes."""
_ALIGN = ("left", "centre", "right")
_DOWN = ("top", "middle", "bottom")
_MAX_BOXES = 12


@dataclass(frozen=True)
class Slotted:
    """A box that waits for a piece."""

    name: str
    slots: tuple[str, ...]
    """Slots whose pieces may stand here; `*` takes every slot."""
    box: Box
    across: float = 0.5
    """Where a piece stands that does not fill the box: 0 left, 1 right."""
    down: float = 0.5
    """0 top, 1 bottom."""
    optional: bool = False
    """The template is used without a piece here too."""
    layer: int = 0
    may_overlap: frozenset[str] = frozenset()
    """Boxes and texts that this box may lie over or under."""


@dataclass(frozen=True)
class TextArea:
    """The area and style of a text."""

    name: str
    """What the caller's texts are looked up by: 'title'."""
    box: Box
    size: float
    """Of the letters, in units of the canvas; smaller where the text needs it."""
    smallest: float
    colour: Colour = (40, 38, 36)
    align: str = "left"
    down: str = "top"
    style: str = "sans"
    """'sans' or 'serif'."""
    weight: str = "regular"
    """'light', 'regular' or 'bold'."""
    spacing: float = 0.0
    """Between letters, as a share of their size."""
    optional: bool = True
    """The template is used without this text too."""


@dataclass(frozen=True)
class Panel:
    """A part of the background, in one colour or fading from one to another."""

    box: Box
    colour: Colour
    to: Colour | None = None
    """Its colour at the lower side."""
    round: float = 0.0
    """Radius of its corners."""


@dataclass(frozen=True, eq=False)
class Template:
    """A checked template."""

    name: str
    width: float
    height: float
    margin: float
    boxes: tuple[Slotted, ...]
    texts: tuple[TextArea, ...] = ()
    panels: tuple[Panel, ...] = ()
    """From the back to the front; the first covers the canvas."""
    picture: Pixels | None = None
    """A background picture, RGB; over the first panel, cut to the canvas's proportions."""
    shadow: float = 0.0
    """Strength of the soft shadow under pieces, 0 to 1."""

    @property
    def aspect(self) -> float:
        return self.width / self.height


def read_template(path: Path) -> Template:
    """Read the template in a file; a background picture lies beside it. Raises TemplateError."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise TemplateError(f"{path} does not exist") from None
    except (OSError, UnicodeDecodeError) as error:
        raise TemplateError(f"{path} cannot be read as UTF-8: {error}") from error
    return parse_template(text, str(path), path.parent)


def parse_template(text: str, file: str = "template", folder: Path | None = None) -> Template:
    """Parse the template in a JSON text. `file`: its name in errors; `folder`: where its picture may lie."""
    document = parse_document(text, file)
    fields = document.fields(
        ("name", "canvas", "boxes"), ("margin", "background", "texts", "shadow", "description")
    )
    width, height = fields["canvas"].numbers(2)
    if min(width, height) <= 0 or not 1 / 4 <= width / height <= 4:
        fields["canvas"].wrong("expected [width, height], neither more than four times the other")
    margin = fields["margin"].number(0, min(width, height) / 4) if "margin" in fields else 0.0
    panels, picture = _background(fields.get("background"), Box(0, 0, width, height), folder)
    content = Box(margin, margin, width - margin, height - margin)
    boxes = [(value, _slotted(value, content)) for value in fields["boxes"].items(1)]
    if len(boxes) > _MAX_BOXES:
        fields["boxes"].wrong(f"expected at most {_MAX_BOXES}, found {len(boxes)}")
    texts = [(value, _text_area(value, content)) for value in _optional_items(fields.get("texts"))]
    _check_together(boxes, texts)
    return Template(
        name=fields["name"].text(),
        width=width,
        height=height,
        margin=margin,
        boxes=tuple(box for _, box in boxes),
        texts=tuple(area for _, area in texts),
        panels=panels,
        picture=picture,
        shadow=fields["shadow"].number(0, 1) if "shadow" in fields else 0.0,
    )


@dataclass(frozen=True)
class OwnTemplates:
    """The templates of a designer's folder, and its broken files."""

    templates: tuple[Template, ...]
    """In the order of their files."""
    left_out: tuple[LeftOut, ...]
    """Files that are no template, or whose name another one has already."""


def own_templates(folder: Path) -> OwnTemplates:
    """Load the templates in a folder; never raises, so that one bad file does not affect the others."""
    found: dict[str, Template] = {}
    file_of: dict[str, str] = {}
    left_out: list[LeftOut] = []
    try:
        paths = own_files(folder, ".json")
    except OSError as error:
        return OwnTemplates((), (LeftOut.because(folder, error),))
    for path in paths:
        try:
            require_file(path)
            template = read_template(path)
            if template.name in found:
                raise TemplateError(
                    f"the name '{template.name}' is taken by {file_of[template.name]}; rename one of the two"
                )
        except Exception as error:  # whatever is wrong with it, it is this file's fault alone
            left_out.append(LeftOut.because(path, error))
            continue
        found[template.name], file_of[template.name] = template, path.name
    return OwnTemplates(tuple(found.values()), tuple(left_out))


@cache
def library() -> tuple[Template, ...]:
    """Load the templates that come with Atelier, by file name."""
    folder = Path(__file__).parent / "library"
    return tuple(read_template(path) for path in sorted(folder.glob("*.json")))


def _slotted(value: Value, content: Box) -> Slotted:
    fields = value.fields(("slots", "box"), ("name", "align", "optional", "layer", "may_overlap"))
    slots = fields["slots"].texts(least=1)
    across, down = _alignment(fields.get("align"))
    return Slotted(
        name=fields["name"].text() if "name" in fields else slots[0],
        slots=slots,
        box=_box(fields["box"], content),
        across=across,
        down=down,
        optional="optional" in fields and fields["optional"].yes(),
        layer=int(fields["layer"].number(-99, 99)) if "layer" in fields else 0,
        may_overlap=frozenset(fields["may_overlap"].texts()) if "may_overlap" in fields else frozenset(),
    )


def _text_area(value: Value, content: Box) -> TextArea:
    known = ("smallest", "colour", "align", "style", "weight", "spacing", "optional")
    fields = value.fields(("name", "box", "size"), known)
    box = _box(fields["box"], content)
    size = fields["size"].number(1, box.y1 - box.y0)
    across, down = _alignment(fields.get("align"), "top left")
    plain = TextArea("", box, size, size)
    return TextArea(
        name=fields["name"].text(),
        box=box,
        size=size,
        smallest=fields["smallest"].number(1, size) if "smallest" in fields else size / 2,
        colour=fields["colour"].colour() if "colour" in fields else plain.colour,
        align=_ALIGN[round(2 * across)],
        down=_DOWN[round(2 * down)],
        style=fields["style"].one_of(("sans", "serif")) if "style" in fields else plain.style,
        weight=fields["weight"].one_of(("light", "regular", "bold")) if "weight" in fields else plain.weight,
        spacing=fields["spacing"].number(0, 1) if "spacing" in fields else 0.0,
        optional=fields["optional"].yes() if "optional" in fields else True,
    )


def _background(
    value: Value | None, canvas: Box, folder: Path | None
) -> tuple[tuple[Panel, ...], Pixels | None]:
    if value is None:
        return (Panel(canvas, (255, 255, 255)),), None
    fields = value.fields(("colour",), ("to", "panels", "picture"))
    panels = [Panel(canvas, fields["colour"].colour(), fields["to"].colour() if "to" in fields else None)]
    for each in _optional_items(fields.get("panels")):
        inner = each.fields(("box", "colour"), ("to", "round"))
        panels.append(
            Panel(
                _box(inner["box"], canvas),
                inner["colour"].colour(),
                inner["to"].colour() if "to" in inner else None,
                inner["round"].number(0, max(canvas.x1, canvas.y1)) if "round" in inner else 0.0,
            )
        )
    return tuple(panels), _picture(fields.get("picture"), folder)


def _picture(value: Value | None, folder: Path | None) -> Pixels | None:
    if value is None:
        return None
    name = value.text()
    if folder is None or Path(name).name != name:
        value.wrong(f"expected the name of a picture that lies beside the template's file, found '{name}'")
    try:
        return decode((folder / name).read_bytes(), shrink_to=1600)
    except (OSError, PictureError) as error:
        value.wrong(f"the background '{name}' cannot be read: {error}")


def _box(value: Value, outer: Box) -> Box:
    x0, y0, x1, y1 = value.numbers(4)
    if not (x0 < x1 and y0 < y1):
        value.wrong("expected [left, top, right, bottom], left before right and top before bottom")
    if not inside(Box(x0, y0, x1, y1), outer):
        kept = ", ".join(f"{side:g}" for side in outer.as_tuple())
        value.wrong(f"lies outside of [{kept}], which is the canvas without its margin")
    return Box(x0, y0, x1, y1)


def _alignment(value: Value | None, default: str = "") -> tuple[float, float]:
    """'bottom left' as shares across and down."""
    words = (value.text() if value else default).split()
    unknown = [word for word in words if word not in (*_ALIGN, *_DOWN)]
    across = [_ALIGN.index(word) / 2 for word in words if word in _ALIGN]
    down = [_DOWN.index(word) / 2 for word in words if word in _DOWN]
    if value and (unknown or len(across) > 1 or len(down) > 1):
        value.wrong(
            f"expected one of {', '.join(_ALIGN)} and one of {', '.join(_DOWN)}, found '{value.text()}'"
        )
    return (across or [0.5])[0], (down or [0.5])[0]


def _check_together(boxes: list[tuple[Value, Slotted]], texts: list[tuple[Value, TextArea]]) -> None:
    """Names stand once and are known; only what says so overlaps."""
    everything = [(value, box.name, box.box, box.may_overlap) for value, box in boxes]
    everything += [(value, area.name, area.box, frozenset()) for value, area in texts]
    names: set[str] = set()
    for value, name, _, _ in everything:
        if name in names:
            value.wrong(f"the name '{name}' stands twice; boxes and texts need names of their own")
        names.add(name)
    for position, (value, name, box, allowed) in enumerate(everything):
        if not allowed <= names:
            value.wrong(f"may_overlap names no box or text: {', '.join(sorted(allowed - names))}")
        for _, other, other_box, other_allowed in everything[:position]:
            if overlap(box, other_box) > 0 and other not in allowed and name not in other_allowed:
                value.wrong(f"'{name}' overlaps '{other}'; move it, or say \"may_overlap\": [\"{other}\"]")


def _optional_items(value: Value | None) -> list[Value]:
    return value.items() if value else []
