"""Titles searched by their words, and lists of rows made into one: the text half of a hybrid query."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from atelier.errors import CatalogueIndexError

if TYPE_CHECKING:
    from lancedb.table import Table

TITLES_INDEX = "title_idx"
RANK_CONSTANT = 60
"""The k of reciprocal rank fusion; the paper's own value."""


def index_titles(table: Table) -> None:
    """Give a table a full-text index on `title`, which makes a new version of it; nothing if it has one.

    The tokens are runs of two or three letters, so that Chinese, which has no spaces, and parts of English
    words are found alike. CatalogueIndexError: not all rows were indexed.
    """
    from lancedb.index import FTS

    if has_titles_index(table):
        return
    config = FTS(
        base_tokenizer="ngram",
        ngram_min_length=2,
        ngram_max_length=3,
        stem=False,
        remove_stop_words=False,
    )
    table.create_index("title", config=config, name=TITLES_INDEX)
    stats = table.index_stats(TITLES_INDEX)
    if stats is None or stats.num_indexed_rows != table.count_rows():
        raise CatalogueIndexError(
            f"{table.name}: expected the titles of all {table.count_rows():,} rows indexed, seen {stats}"
        )


def has_titles_index(table: Table) -> bool:
    return any(index.name == TITLES_INDEX for index in table.list_indices())


def search_titles(table: Table, text: str, num: int) -> list[str]:
    """Find the ids of the items whose titles match a text best, best first, at most `num`."""
    from lancedb.query import MatchQuery

    query = MatchQuery(text, "title")
    found = table.search(query, query_type="fts").select(["item_id", "_score"]).limit(num).to_arrow()
    ranked = sorted(
        zip(found["_score"].to_pylist(), found["item_id"].to_pylist(), strict=True),
        key=lambda pair: (-pair[0], pair[1]),
    )
    return [item_id for _, item_id in ranked]


def fuse(lists: Sequence[Sequence[int]], constant: int = RANK_CONSTANT) -> list[int]:
    """Fuse several rankings of the rows into one, best first, by reciprocal rank fusion.

    A row scores 1 / (constant + rank) in each list that has it; ties go to the lower row (Cormack, Clarke and
    Buettcher, SIGIR 2009, https://doi.org/10.1145/1571941.1572114).
    """
    score: dict[int, float] = {}
    for ranking in lists:
        for rank, row in enumerate(ranking, start=1):
            score[row] = score.get(row, 0.0) + 1 / (constant + rank)
    return sorted(score, key=lambda row: (-score[row], row))
