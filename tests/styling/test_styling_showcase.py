"""Sets of the release as pictures, by its templates or the workspace's own."""

from __future__ import annotations

import pytest
from serving_world import publish

from atelier.collage.collage import CollageOptions
from atelier.errors import CollageError, QueryError
from atelier.index.query import IndexReader
from atelier.settings import Settings
from atelier.styling.showcase import Showcase
from atelier.styling.stylist import SetPiece

PIECES = (SetPiece("top", "T/0"), SetPiece("bottom", "J/1"))


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    publish(settings, "d1")
    return settings


@pytest.fixture(scope="module")
def showcase(settings: Settings) -> Showcase:
    from atelier.release.store import live

    return Showcase(settings, IndexReader.open(settings, live(settings).index))


def test_every_piece_of_a_set_stands_in_its_picture(showcase: Showcase) -> None:
    drawn = showcase.draw(PIECES, options=CollageOptions(size=(200, 160)))
    assert drawn.image.size == (200, 160)
    assert sorted(placed.piece.item_id for placed in drawn.layout.placed) == ["J/1", "T/0"]


def test_an_unknown_item_is_refused(showcase: Showcase) -> None:
    with pytest.raises(QueryError, match="the live release has no item 'T/99'"):
        showcase.draw([SetPiece("top", "T/99")])


@pytest.mark.parametrize("name", ["no-such-template", "none.json", "../secret.json"])
def test_an_unknown_template_is_refused_with_the_known(showcase: Showcase, name: str) -> None:
    with pytest.raises(CollageError, match=r"expected one of \w"):
        showcase.draw(PIECES, template=name)
