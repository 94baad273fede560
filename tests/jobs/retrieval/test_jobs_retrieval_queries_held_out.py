"""Searches with held-out products: the same for one data version."""

from __future__ import annotations

from pathlib import Path

import pytest

from atelier.datasets.catalogue import Catalogue
from atelier.jobs.retrieval.queries import held_out_queries
from atelier.lifecycle.context import current_version
from atelier.settings import Settings
from atelier.vocabulary import Split


@pytest.fixture(scope="module")
def settings(trained_home: Path) -> Settings:
    return Settings(home=trained_home)


def test_the_same_searches_are_asked_for_one_data_version(settings: Settings) -> None:
    catalogue = Catalogue.open(settings.data_dir)
    first, second = (
        held_out_queries(settings, catalogue, current_version(settings), Split.TEST) for _ in range(2)
    )
    assert [(query.query_id, query.data) for query in first] == [(q.query_id, q.data) for q in second]
    held_out = {item.item_id for item in catalogue.items() if item.split == Split.TEST}
    assert {query.item_id for query in first} <= held_out
    assert {query.kind for query in first} >= {"reshot", "shopper"}
