"""Items as outfit models take them: vectors of pictures and titles, and attributes by number."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from publish_world import DIMENSION, accept_catalogue, write_student

from atelier.datasets.catalogue import Catalogue
from atelier.jobs.retrieval.embedder import CatalogueEmbedder, codes_in, fact_values
from atelier.settings import Settings
from atelier.vocabulary import Item


@pytest.fixture
def embedder(tmp_path: Path) -> CatalogueEmbedder:
    settings = Settings(home=tmp_path / "home", serve_threads=1)
    accept_catalogue(settings, range(4))
    (tmp_path / "model").mkdir()
    contract = write_student(tmp_path / "model" / "student.onnx", scale=1.0)
    (tmp_path / "model" / "contract.json").write_text(contract.to_json())
    return CatalogueEmbedder(settings, tmp_path / "model")


def test_a_table_has_zeros_for_what_an_item_lacks(embedder: CatalogueEmbedder) -> None:
    items = embedder.catalogue.items()
    assert [item.item_id for item in items] == ["0000", "0001", "0002", "0003"]
    facts = fact_values(items)
    table = embedder.table(items, facts, progress=False)
    assert len(table) == 4
    assert not table.image_NI[0].any(), "item 0 has no photo"
    assert not table.colour_NC[0].any()
    assert np.linalg.norm(table.image_NI[1:], axis=1) == pytest.approx(np.ones(3), abs=1e-2)
    assert table.colour_NC[1:].any(1).all()
    again = embedder.images(items[::-1], progress=False)
    np.testing.assert_array_equal(again, table.image_NI[::-1])


def test_a_title_without_a_word_has_no_vector(embedder: CatalogueEmbedder) -> None:
    vectors = embedder.titles(["red dress", "", "  ", "blue jeans"])
    assert vectors.shape == (4, DIMENSION)
    assert vectors.any(1).tolist() == [True, False, False, True]
    assert embedder.titles([]).shape == (0, DIMENSION)


def test_without_a_tower_of_its_own_an_outfit_model_sees_as_the_champion_does(
    embedder: CatalogueEmbedder, tmp_path: Path
) -> None:
    assert embedder.with_image_tower(tmp_path) is embedder


def test_attributes_are_numbered_from_one_in_the_order_of_their_names() -> None:
    items = [
        Item("1", "a", "Jeans", "test", gender="Women"),
        Item("2", "b", "Dresses", "test"),
        Item("3", "c", "Jeans", "test", gender="Men"),
    ]
    facts = fact_values(items, ["Boots"])
    assert facts["category"] == ("Boots", "Dresses", "Jeans")
    assert facts["gender"] == ("Men", "Women")
    assert all(facts.values()), "an attribute that nobody has is none"
    chosen = {name: facts[name] for name in ("category", "gender")}
    assert codes_in(items, chosen).tolist() == [[3, 2], [2, 0], [3, 1]]
    assert codes_in([Item("4", "d", "Hats", "test")], chosen).tolist() == [[0, 0]]


def test_items_of_attributes_alone_have_neither_picture_nor_title(embedder: CatalogueEmbedder) -> None:
    table = embedder.from_attributes_only(np.array([[1, 2], [3, 0]]))
    assert len(table) == 2
    assert not table.image_NI.any()
    assert not table.title_NT.any()
    assert isinstance(embedder.catalogue, Catalogue)
