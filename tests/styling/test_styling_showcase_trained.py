"""A set of a trained outfit model becomes a picture."""

from __future__ import annotations

from pathlib import Path

import pytest
from styling_world import RULES, a_top

from atelier.collage.collage import CollageOptions
from atelier.collage.measures import faults
from atelier.errors import (
    CollageError,
    QueryError,
)
from atelier.index.query import IndexReader
from atelier.release.store import live
from atelier.rules.file import parse_rules
from atelier.settings import Settings
from atelier.styling.run import collage
from atelier.styling.showcase import Showcase
from atelier.styling.stylist import SetPiece, Stylist


@pytest.fixture(scope="module")
def settings(styling_home: Path) -> Settings:
    return Settings(home=styling_home, serve_threads=1)


@pytest.fixture(scope="module")
def stylist(settings: Settings) -> Stylist:
    return Stylist.open(settings, live(settings))


def test_a_set_becomes_a_picture_without_a_fault(
    settings: Settings, stylist: Stylist, tmp_path: Path
) -> None:
    showcase = Showcase(settings, IndexReader.open(settings, live(settings).index))
    (made,) = stylist.make([a_top(settings)], parse_rules(RULES))
    drawn = showcase.draw(made.pieces, options=CollageOptions(size=(400, 400)))
    assert faults(drawn.layout) == []
    assert drawn.pixels.shape == (400, 400, 3)
    with pytest.raises(QueryError, match="has no item 'nothing'"):
        showcase.draw([SetPiece("top", "nothing")])
    with pytest.raises(CollageError, match="template: expected one of"):
        showcase.draw(made.pieces, template="no-such-template")
    with pytest.raises(CollageError, match="ends with"):
        collage(settings, [("top", made.pieces[0].item_id)], tmp_path / "x.gif", texts={})
    assert not list(tmp_path.iterdir())
