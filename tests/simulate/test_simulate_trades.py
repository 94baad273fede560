"""Trades share no article and no prefix of ids."""

from __future__ import annotations

from itertools import combinations

from atelier.simulate.trades import Trade
from atelier.simulate.world import item_id


def test_each_trade_has_a_prefix_of_its_own() -> None:
    assert {trade: trade.prefix for trade in Trade} == {Trade.FASHION: "w", Trade.BEDROOM: "b"}
    assert item_id(7, 17, Trade.BEDROOM) == "b7-000017"


def test_no_article_is_sold_by_two_trades_and_each_is_listed_under_its_name() -> None:
    for one, other in combinations(Trade, 2):
        assert not set(one.articles) & set(other.articles)
    for trade in Trade:
        assert all(name == article.name for name, article in trade.articles.items())
