"""Fonts that are installed: which faces there are, in which style, and which characters each can set.

Nothing is looked for but where the caller says. Characters are read from the font's own table (cmap).
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import ImageFont

from atelier.errors import FontsError

log = logging.getLogger(__name__)

_SUFFIXES = (".ttf", ".otf", ".ttc", ".otc")
_MAX_FACES = 24
_NUM_NAMED = 3
"""Files that a message names of those that cannot be used."""
_LAST_CODE = 0x10FFFF
JOINERS = frozenset("\u200c\u200d\u200e\u200f\ufe0e\ufe0f")
"""What says how the letters beside it are joined or which way they run, and is itself not drawn."""
_WEIGHTS = {"light": 300, "regular": 400, "bold": 700}
_INSTALL = (
    "Debian and Ubuntu: apt-get install fonts-noto-core (Latin and more), fonts-noto-cjk (Chinese, Japanese, "
    "Korean); then name their folder, /usr/share/fonts, where fonts are set"
)


@dataclass(frozen=True)
class Face:
    """One face of a font file."""

    path: Path
    index: int
    """Among the faces of the file; a collection (.ttc) has several."""
    family: str
    """'Noto Serif CJK SC'."""
    style: str
    """'Bold Italic'."""
    weight: int
    """400 is regular, 700 bold."""

    def is_of(self, style: str) -> bool | None:
        """Test whether its family's name contains a style, 'sans' or 'serif'; None: it contains neither."""
        words = self.family.lower()
        if "sans" in words:
            return style == "sans"
        is_serif = any(name in words for name in ("serif", "song", "ming", "times", "garamond", "georgia"))
        return style == "serif" if is_serif else None

    @property
    def is_plain(self) -> bool:
        """Test for a face that is neither slanted nor narrowed nor of one width, as headlines need."""
        words = f"{self.family} {self.style}".lower()
        return not any(
            name in words for name in ("italic", "oblique", "mono", "condensed", "display", "symbol")
        )


@dataclass(frozen=True)
class Fonts:
    """The faces that texts may be set in, in the order of the caller's places."""

    faces: tuple[Face, ...]

    @classmethod
    def of(cls, places: Iterable[Path | str]) -> Fonts:
        """Load fonts from files, and folders with all below them. FontsError: no such place, no font, a
        broken one.

        FontsError: nothing that is left can be used.
        """
        faces: list[Face] = []
        skipped: list[str] = []
        for path in _files(places, skipped):
            try:
                faces += _faces(path)
            except FontsError as error:
                skipped.append(str(error))
        if not faces:
            why = "; ".join(skipped[:_NUM_NAMED]) or "no file or folder is named, and the set has a text"
            raise FontsError(f"fonts: {why}. {_INSTALL}")
        if skipped:
            more = f", and {len(skipped) - _NUM_NAMED} more" if len(skipped) > _NUM_NAMED else ""
            log.warning("fonts left out: %s%s", "; ".join(skipped[:_NUM_NAMED]), more)
        return cls(tuple(faces))

    def choose(self, text: str, style: str = "sans", weight: str = "regular") -> Face:
        """Choose the face nearest to the style that has every character of a text. FontsError: none has."""
        key = (text if len(text) < 200 else "".join(sorted(set(text))), style, weight)
        return _chosen(self, *key)


@lru_cache(maxsize=4096)
def _chosen(fonts: Fonts, text: str, style: str, weight: str) -> Face:
    wanted = {ord(letter) for letter in text if not letter.isspace() and letter not in JOINERS}
    ordered = sorted(fonts.faces, key=lambda face: _distance(face, style, weight))
    fewest: tuple[set[int], Face] | None = None
    for face in ordered:
        missing = wanted - _covered(face)
        if not missing:
            return face
        if fewest is None or len(missing) < len(fewest[0]):
            fewest = missing, face
    assert fewest is not None, "Fonts.of() gives at least one face"
    shown = "".join(chr(code) for code in sorted(fewest[0])[:12])
    raise FontsError(
        f"no font has all characters of '{text[:40]}': {fewest[1].family} comes nearest and lacks '{shown}' "
        f"({len(fonts.faces)} faces were looked at). {_INSTALL}"
    )


def _distance(face: Face, style: str, weight: str) -> tuple[object, ...]:
    """Small for the face one would take: of the style, upright, of the weight, of the plainest family."""
    plain_chinese = face.family.endswith(("JP", "KR", "TC", "HK"))
    return (
        not face.is_plain,
        (True, None, False).index(face.is_of(style)),
        plain_chinese,
        abs(face.weight - _WEIGHTS[weight]),
        len(face.family),
        face.family,
        str(face.path),
    )


def _files(places: Iterable[Path | str], skipped: list[str]) -> Iterator[Path]:
    """The font files of all places, in order; what is none, or holds none, goes to `skipped` in words."""
    for place in map(Path, places):
        if place.is_dir():
            found = sorted(path for path in place.rglob("*") if path.suffix.lower() in _SUFFIXES)
            if not found:
                skipped.append(f"{place} holds no font ({', '.join(_SUFFIXES)})")
        elif place.exists():
            found = [place]
        else:
            skipped.append(f"{place} does not exist; expected a font file or a folder")
            continue
        for path in found:
            if path.is_file():  # A pipe would be waited for.
                yield path
            else:
                skipped.append(f"{path} is no font that can be read: a folder, or a link to nowhere")


@lru_cache(maxsize=512)
def _faces(path: Path) -> tuple[Face, ...]:
    """The faces of a file. FontsError: it has none that can be drawn at every size."""
    faces: list[Face] = []
    for index in range(_MAX_FACES):
        try:
            family, style = ImageFont.truetype(str(path), 16, index=index).getname()
            ImageFont.truetype(str(path), 100, index=index)  # A font of bitmaps has its own sizes alone.
        except (OSError, ValueError) as error:
            if index == 0:
                raise FontsError(f"{path} is no font that can be read: {error}") from error
            break
        faces.append(Face(path, index, family or path.stem, style or "Regular", _weight(style or "")))
        if path.suffix.lower() not in (".ttc", ".otc"):
            break
    return tuple(faces)


def _weight(style: str) -> int:
    words = style.lower().replace("-", "").replace(" ", "")
    named = {"extralight": 200, "semibold": 600, "extrabold": 800, "thin": 100, "light": 300}
    named |= {"demilight": 350, "medium": 500, "bold": 700, "black": 900}
    return next((weight for name, weight in named.items() if name in words), 400)


def _covered(face: Face) -> frozenset[int]:
    """What a face covers; nothing, with one warning, where its table of characters cannot be read."""
    try:
        return coverage(face.path, face.index)
    except FontsError as error:
        _warn_once(str(error))
        return frozenset()


@lru_cache(maxsize=512)
def _warn_once(why: str) -> None:
    log.warning("fonts left out: %s", why)


@lru_cache(maxsize=64)
def coverage(path: Path, index: int = 0) -> frozenset[int]:
    """Return the code points that a face has a glyph for."""
    try:
        data = path.read_bytes()
        start = struct.unpack_from(">I", data, 12 + 4 * index)[0] if data[:4] == b"ttcf" else 0
        num_tables = struct.unpack_from(">H", data, start + 4)[0]
        tables = (
            struct.unpack_from(">4sIII", data, start + 12 + 16 * number) for number in range(num_tables)
        )
        where = next(offset for tag, _, offset, _ in tables if tag == b"cmap")
        return frozenset(_mapped(data, where).tolist())
    except (struct.error, StopIteration, ValueError, OSError) as error:
        raise FontsError(f"{path} has no table of characters that can be read: {error}") from error


def _mapped(data: bytes, where: int) -> np.ndarray:
    """Code points of the largest Unicode subtable: formats 4 (two bytes) and 12 (all planes)."""
    num_subtables = struct.unpack_from(">H", data, where + 2)[0]
    best = np.zeros(0, np.int64)
    for number in range(num_subtables):
        offset = where + struct.unpack_from(">HHI", data, where + 4 + 8 * number)[2]
        kind = struct.unpack_from(">H", data, offset)[0]
        codes = _format_12(data, offset) if kind == 12 else _format_4(data, offset) if kind == 4 else best
        best = codes if len(codes) > len(best) else best
    return best


def _format_12(data: bytes, offset: int) -> np.ndarray:
    count = struct.unpack_from(">I", data, offset + 12)[0]
    groups = np.frombuffer(data, ">u4", 3 * count, offset + 16).reshape(-1, 3)
    ranges = [np.arange(start, min(stop, _LAST_CODE) + 1) for start, stop, _ in groups.tolist()]
    return np.concatenate(ranges or [np.zeros(0, int)])


def _format_4(data: bytes, offset: int) -> np.ndarray:
    count = struct.unpack_from(">H", data, offset + 6)[0] // 2
    stops = np.frombuffer(data, ">u2", count, offset + 14).tolist()
    starts = np.frombuffer(data, ">u2", count, offset + 16 + 2 * count).tolist()
    ranges = [np.arange(start, stop + 1) for start, stop in zip(starts, stops, strict=True) if start < 0xFFFF]
    return np.concatenate(ranges or [np.zeros(0, int)])
