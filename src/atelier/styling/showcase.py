"""Pictures of sets: the items' photos from the release's index, cut out once and laid out."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from atelier.collage.boxes import Piece
from atelier.collage.collage import Collage, CollageOptions, make_collage
from atelier.collage.cutouts import CutOuts
from atelier.collage.fonts import Fonts
from atelier.collage.templates import OwnTemplates, Template, library, own_templates, read_template
from atelier.errors import CollageError, QueryError
from atelier.index.query import IndexReader
from atelier.settings import Settings
from atelier.styling.stylist import SetPiece

log = logging.getLogger(__name__)

_KEPT = 2048
"""Cut-outs that are kept: some 100 kB each."""


class Showcase:
    """Lays sets of one release out as pictures. Safe to share by threads."""

    def __init__(self, settings: Settings, reader: IndexReader) -> None:
        """`reader`: of the release's index."""
        self._reader = reader
        self._templates_dir = settings.templates_dir
        self._fonts_dirs = settings.font_dirs
        self._cut_outs = CutOuts(_KEPT)

    def draw(
        self,
        pieces: Sequence[SetPiece],
        *,
        texts: Mapping[str, str] | None = None,
        template: str | Path | None = None,
        options: CollageOptions | None = None,
    ) -> Collage:
        """Lay a set out by the template of this name or file, by the best match of all, or by the solver.

        QueryError: an item is unknown. CollageError: one has no picture, there is no such template, or a text
        does not fit. FontsError: no font has a text's characters.
        """
        given = {name: text for name, text in (texts or {}).items() if text.strip()}
        fonts = self._fonts if given else None
        chosen = self.templates if template is None else (self._template(template),)
        return make_collage([self._piece(each) for each in pieces], chosen, given, fonts, options)

    @cached_property
    def own(self) -> OwnTemplates:
        """The workspace's own templates, read when the first set is laid out; nothing else needs them."""
        own = own_templates(self._templates_dir)
        for each in own.left_out:
            log.warning("left out: %s", each)
        return own

    @cached_property
    def templates(self) -> tuple[Template, ...]:
        """The workspace's own, then those that come with Atelier."""
        return (*self.own.templates, *library())

    @cached_property
    def _fonts(self) -> Fonts:
        """Looked for when the first text is to be set: a release without texts needs none."""
        return Fonts.of(self._fonts_dirs)

    def _piece(self, piece: SetPiece) -> Piece:
        item = self._reader.item(piece.item_id)
        if item is None:
            raise QueryError(f"items: the live release has no item {piece.item_id[:80]!r}")
        data = self._reader.thumbnail(piece.item_id)
        if data is None:
            raise CollageError(
                f"item {piece.item_id} ({piece.slot}) has no picture; leave it out or ingest one"
            )
        return Piece(piece.item_id, piece.slot, item.category, self._cut_outs.get(data))

    def _template(self, name: str | Path) -> Template:
        known = {each.name: each for each in self.templates}
        if str(name) in known:
            return known[str(name)]
        path = Path(name)
        if path.suffix == ".json" and path.is_file():
            return read_template(path)
        left_out = "".join(f"; left out: {each}" for each in self.own.left_out)
        raise CollageError(
            f"template: expected a JSON file or one of {', '.join(sorted(known))}, got {str(name)[:80]!r}"
            f"{left_out}"
        )
