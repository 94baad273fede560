"""Titles are found by their words in both languages, and rankings are fused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from index_world import build_index, catalogue

from atelier.errors import CatalogueIndexError, QueryError
from atelier.index.query import IndexReader
from atelier.index.schema import IndexItem
from atelier.index.store import connect
from atelier.index.text import TITLES_INDEX, fuse, has_titles_index
from atelier.settings import Settings

TITLES = (
    "Red Floral Summer Dress",
    "Blue Slim Jeans",
    "红色连衣裙 夏季新款",
    "蓝色牛仔裤",
    "Black Running Shoes",
    "黑色跑步鞋",
)


def titled(num_items: int) -> list[IndexItem]:
    return [
        IndexItem(
            replace(
                row.item,
                title=f"{TITLES[number % len(TITLES)]} {number}",
                season="Summer" if number % 5 == 0 else None,
            ),
            row.picture_sha256,
        )
        for number, row in enumerate(catalogue(num_items))
    ]


ITEMS = titled(60)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def reader(settings: Settings) -> IndexReader:
    return IndexReader.open(settings, build_index(settings, ITEMS).version)


@pytest.mark.parametrize(
    ("text", "titles"),
    [
        ("red dress", {TITLES[0]}),
        ("RUNNING shoe", {TITLES[4]}),
        ("jean", {TITLES[1]}),
        ("连衣裙", {TITLES[2]}),
        ("牛仔裤", {TITLES[3]}),
        ("跑步", {TITLES[5]}),
        ("裙", {TITLES[2]}),
    ],
)
def test_titles_are_found_in_both_languages(reader: IndexReader, text: str, titles: set[str]) -> None:
    hits = reader.search_text(text, 10)
    assert len(hits) == 10
    assert {hit.title.rpartition(" ")[0] for hit in hits} == titles


def test_text_that_fits_nothing_finds_nothing(reader: IndexReader) -> None:
    assert reader.search_text("zzqqxx", 5) == []
    assert reader.search_text("  ", 5) == []
    with pytest.raises(QueryError, match="k: expected at least 1"):
        reader.search_text("red", 0)


def test_text_cannot_break_the_query(reader: IndexReader) -> None:
    for text in ("' OR 1=1 --", "title:*", '"unbalanced', "((", "a AND", "\\"):
        assert isinstance(reader.search_text(text, 3), list)


def test_an_index_without_titles_says_so(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    version = build_index(settings, ITEMS).version
    table = connect(settings).open_table(version.table)
    assert has_titles_index(table)
    table.drop_index(TITLES_INDEX)
    version = replace(version, version=table.version)
    with pytest.raises(CatalogueIndexError, match="without a full-text index on titles"):
        IndexReader.open(settings, version).search_text("red dress", 5)


def test_fusion_is_that_of_the_paper() -> None:
    assert fuse([[5, 3, 1], [3, 9]]) == [3, 5, 9, 1]  # 1/62+1/61, 1/61, 1/62, 1/63
    assert fuse([[2], [1]]) == [1, 2]  # a tie goes to the lower row
    assert fuse([[], [7]]) == [7]
