"""A region promises a box inside the photo that it names."""

from __future__ import annotations

from dataclasses import replace

import pytest
from contracts_world import REGION, STREET, around, broken

from atelier.contracts.promise import KnownKeys
from atelier.contracts.regions import PROMISES
from atelier.vocabulary import Region


@pytest.mark.parametrize(
    ("region", "told"),
    [
        (REGION, []),
        (replace(REGION, x1=60.1), ["a box inside its photo"]),
        (replace(REGION, y0=-0.5), ["a box inside its photo"]),
        (replace(REGION, x0=60.0), ["a box with x0 < x1 and y0 < y1, or four empty values"]),
        (replace(REGION, photo_id="s9"), ["the id of one of the photos accepted with this drop or before"]),
    ],
)
def test_a_box_lies_inside_its_own_photo(region: Region, told: list[str]) -> None:
    assert broken("regions", PROMISES, [region], around(photos=[STREET])) == [told]


def test_of_a_photo_accepted_before_the_size_is_not_asked() -> None:
    near = around(KnownKeys(photos=frozenset({"old"})), photos=[STREET])
    assert broken("regions", PROMISES, [replace(REGION, photo_id="old", x1=999.0)], near) == [[]]
