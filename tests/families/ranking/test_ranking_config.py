"""What is known of items decides how long a summary is."""

from __future__ import annotations

import pytest

from atelier.families.ranking.config import ItemConfig


def test_a_summary_has_a_vector_each_value_of_each_fact_a_price_and_whether_it_is_known() -> None:
    assert ItemConfig(vector_dimension=8).summary_width == 8 + 2
    assert ItemConfig(vector_dimension=8, fact_sizes={"category": 4, "usage": 3}).summary_width == 8 + 7 + 2


@pytest.mark.parametrize("values", [{"vector_dimension": 0}, {"price_spread": 0.0}, {"price_spread": -1.0}])
def test_sizes_that_cannot_be_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="vector_dimension of at least 1 and a price_spread above 0"):
        ItemConfig(**values)  # type: ignore[arg-type]
