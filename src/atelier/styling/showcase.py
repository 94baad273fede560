"""Pictures of sets: the items' photos from the release's index, cut out once and laid out."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import cached_property

from atelier.collage.boxes import Piece
from atelier.collage.collage import Collage, CollageOptions, make_collage
from atelier.collage.cutouts import CutOuts
from atelier.collage.fonts import Fonts
from atelier.collage.templates import OwnTemplates, Template, library, own_templates
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
        template: str | Template | None = None,
        options: CollageOptions | None = None,
    ) -> Collage:
        """Lay a set out by this template or the one of this name, by the best match of all, or by the solver.

        A name is never a path: it may come from anybody. QueryError: an item is unknown. CollageError: one
        has no picture, there is no such template, or a text does not fit. FontsError: no font has a text's
        characters.
        """
        given = {name: text for name, text in (texts or {}).items() if text.strip()}
        fonts = self._fonts if given else None
        chosen = self.templates if template is None else (self._named(template),)
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
        return tuple(self._by_name.values())

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

    @property
    def names(self) -> frozenset[str]:
        """Names that templates are asked for by."""
        return frozenset(self._by_name)

    @cached_property
    def _by_name(self) -> dict[str, Template]:
        """The library's templates and the workspace's own; an own one takes the place of one of its name."""
        own = {template.name: template for template in self.own.templates}
        for template in library():
            if template.name in own:
                log.info("an own template takes the place of the library's %r", template.name)
        return own | {each.name: each for each in library() if each.name not in own}

    def _named(self, template: str | Template) -> Template:
        if isinstance(template, Template):
            return template
        if template not in self._by_name:
            left_out = "".join(f"; left out: {each}" for each in self.own.left_out)
            raise CollageError(
                f"template: expected one of {', '.join(sorted(self._by_name))}, got {template[:80]!r}"
                f"{left_out}"
            )
        return self._by_name[template]
