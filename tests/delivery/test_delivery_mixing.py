"""Two streams in one: the share exact, either order kept."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from atelier.delivery.mixing import mix, num_starts, pattern

EXPERTS = [f"expert-{number}" for number in range(100)]
GENERATED = [f"generated-{number}" for number in range(100)]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.7, 1 / 3, 0.925, 1.0])
def test_every_window_holds_the_share(share: float) -> None:
    for start in range(num_starts(share)):
        places = np.array(pattern(share, 120, start))
        for width in (1, 3, 10, 40):
            exact = Fraction(share).limit_denominator(1000) * width
            sums = np.convolve(places, np.ones(width, int), "valid")
            assert {int(exact), -int(-exact // 1)} >= set(sums.tolist())


def test_ten_places_of_seven_tenths_hold_seven() -> None:
    mixed = mix(EXPERTS, GENERATED, 0.7, 100)
    assert all(sum(mixed.generated[first : first + 10]) == 7 for first in range(91))
    assert mixed.num_shared == 100


def test_either_stream_keeps_its_order_and_begins_with_its_first() -> None:
    mixed = mix(EXPERTS, GENERATED, 0.7, 50, start=4)
    assert [name for name in mixed.sets if name.startswith("e")] == EXPERTS[:15]
    assert [name for name in mixed.sets if name.startswith("g")] == GENERATED[:35]


def test_over_all_starts_each_place_has_the_share() -> None:
    places = np.array([pattern(0.7, 20, start) for start in range(num_starts(0.7))])
    assert num_starts(0.7) == 10
    np.testing.assert_array_equal(places.sum(0), 7)


def test_where_one_stream_runs_out_the_other_goes_on() -> None:
    mixed = mix(EXPERTS[:2], GENERATED, 0.5, 20)
    assert mixed.sets[:4] == ("expert-0", "generated-0", "expert-1", "generated-1")
    assert mixed.num_shared == 4
    assert mixed.sets[4:] == tuple(GENERATED[2:18])
    short = mix(EXPERTS[:2], GENERATED[:3], 0.5, 20)
    assert sorted(short.sets) == sorted(EXPERTS[:2] + GENERATED[:3])
    assert mix([], [], 0.5, 5).sets == ()


@pytest.mark.parametrize("share", [-0.1, 1.5, 0.12345678])
def test_a_share_is_a_fraction(share: float) -> None:
    with pytest.raises(ValueError, match="fraction from 0 to 1"):
        mix(EXPERTS, GENERATED, share, 10)
