"""Makes sets of the live release, and pictures of sets, in this process, for the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from atelier.collage.collage import Collage, CollageOptions
from atelier.collage.templates import Template, read_template
from atelier.errors import CollageError, PictureError
from atelier.files import require_place, write_whole
from atelier.index.query import IndexReader
from atelier.pictures import require_ending
from atelier.release.store import live
from atelier.rules.file import parse_rules
from atelier.settings import Settings
from atelier.styling.showcase import Showcase
from atelier.styling.stylist import SetPiece, Stylist, Wishes

_FACTS = ("item_id", "title", "category", "price")


def outfit(settings: Settings, item_ids: Sequence[str], rules: str, wishes: Wishes) -> dict[str, Any]:
    """Make sets around items of the live release under rules by name or file: plain values, best set first.

    Raises as `Stylist.make` does, and NoReleaseError where nothing is live or it makes no sets.
    """
    stylist = Stylist.open(settings, live(settings))
    made = stylist.make(item_ids, parse_rules(stylist.rules_text(rules), rules), wishes)
    sets = [
        {
            "score": round(each.score, 4),
            "liking": None if each.liking is None else round(each.liking, 4),
            "pieces": [
                {"slot": piece.slot} | {name: stylist.attributes_of(piece.item_id)[name] for name in _FACTS}
                for piece in each.pieces
            ],
        }
        for each in made
    ]
    return {"release": stylist.release.release_id, "rules": rules, "user": wishes.user, "sets": sets}


def collage(
    settings: Settings,
    pieces: Sequence[tuple[str, str]],
    target_path: Path,
    *,
    texts: Mapping[str, str],
    template: str | None = None,
    size: tuple[int, int] = (800, 800),
    seed: int = 0,
) -> Collage:
    """Lay slots with their items of the live release out as a picture. Nothing is written on an error.

    `template`: by name, or a JSON file. CollageError, QueryError: see `Showcase.draw`; or the picture's name
    ends with no known format. OSError: there is no place for it.
    """
    file_format = _format(target_path)
    require_place(target_path)
    showcase = Showcase(settings, IndexReader.open(settings, live(settings).index))
    placed = [SetPiece(slot, item_id) for slot, item_id in pieces]
    options = CollageOptions(size=size, seed=seed)
    drawn = showcase.draw(placed, texts=texts, template=_template(showcase, template), options=options)
    write_whole(target_path, drawn.encode(file_format))
    return drawn


def _format(target_path: Path) -> str:
    try:
        return require_ending(target_path).lower()
    except PictureError as error:
        raise CollageError(str(error)) from error


def _template(showcase: Showcase, given: str | None) -> Template | str | None:
    """A file is opened here, for the person at the terminal, and never for a request; a name comes first."""
    if given is None or given in showcase.names or Path(given).suffix.lower() != ".json":
        return given
    return read_template(Path(given))
