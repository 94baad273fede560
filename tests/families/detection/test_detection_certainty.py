"""Only what stands before a plain background is certain."""

from __future__ import annotations

import numpy as np
from toy_detector import cluttered

from atelier.families.detection.certainty import PLAIN, is_certain
from atelier.families.detection.inference import FoundItem
from atelier.families.detection.kinds import KINDS
from atelier.matting import item_before_plain_background
from atelier.vocabulary import Box


def test_a_box_that_no_network_guessed_is_certain_and_a_likely_guess_is_not() -> None:
    box = Box(0, 0, 10, 10)
    assert is_certain(FoundItem(box, PLAIN, 1.0, True))
    assert not any(is_certain(FoundItem(box, kind, 0.999, True)) for kind in KINDS)


def test_no_kind_of_the_network_is_taken_for_the_plain_one() -> None:
    assert PLAIN not in KINDS
    plain = np.full((60, 40, 3), 255, np.uint8)
    plain[20:40, 10:30] = 0
    assert item_before_plain_background(plain) is not None
    assert item_before_plain_background(cluttered()) is None
