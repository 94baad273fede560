"""What outfit networks learn from: palettes kept once, pieces cut out by masks, sets that users judged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from family_runs import why_unavailable
from publish_world import accept_catalogue, crown

from atelier.errors import TrainingError
from atelier.families.outfit.colours import DIMENSION, palette
from atelier.jobs.outfit.clicks import judged_by
from atelier.jobs.outfit.family import OUTFIT
from atelier.jobs.outfit.gate import compare
from atelier.jobs.outfit.street_crops import MIN_PIXELS, crops_of
from atelier.jobs.retrieval.palettes import PaletteStore
from atelier.pictures import encode_jpeg
from atelier.settings import Settings
from atelier.vocabulary import Click, Region

RED, BLUE = (200, 30, 40), (30, 40, 160)


def plain(*colour: int, side: int = 60) -> np.ndarray:
    return np.full((side, side, 3), colour, np.uint8)


def test_a_palette_is_computed_once_and_survives_a_torn_write(tmp_path: Path) -> None:
    pictures = {
        "a" * 64: encode_jpeg(plain(*RED), quality=95),
        "b" * 64: encode_jpeg(plain(*BLUE), quality=95),
    }
    read: list[str] = []

    def reading(name: str) -> bytes:
        read.append(name)
        return pictures[name]

    first = PaletteStore(tmp_path).of(["a" * 64], reading, progress=False)
    # A process is killed after it wrote half a palette and a whole name.
    with (tmp_path / "palettes-1.f16").open("ab") as file:
        file.write(b"\0" * 100)
    with (tmp_path / "pictures-1.txt").open("a") as names:
        names.write("b" * 64 + "\n")
    both = PaletteStore(tmp_path).of(["b" * 64, "a" * 64, "b" * 64], reading, progress=False)
    assert read == ["a" * 64, "b" * 64]
    np.testing.assert_array_equal(both[1], first[0])
    np.testing.assert_array_equal(both[0], both[2])
    assert both[0] @ both[1] < 0.1
    assert PaletteStore(tmp_path).of([], reading, progress=False).shape == (0, DIMENSION)


def street() -> tuple[np.ndarray, np.ndarray, list[Region]]:
    """A red top above blue trousers, a small belt, and skin, on grey."""
    pixels, mask = plain(128, 128, 128, side=200), np.zeros((200, 200), np.uint8)
    regions = []
    for value, label, window, colour in (
        (5, "top", np.s_[20:80, 60:140], RED),
        (9, "trousers", np.s_[85:190, 70:130], BLUE),
        (7, "belt", np.s_[80:85, 60:140], (0, 0, 0)),
        (3, "skin", np.s_[0:50, 0:50], (220, 180, 160)),
    ):
        pixels[window], mask[window] = colour, value
        regions.append(Region("p", label, 0, 0, 200, 200, mask_value=value))
    return pixels, mask, regions


def test_pieces_are_cut_out_by_their_masks_and_nothing_else_of_the_photo_is_kept() -> None:
    pixels, mask, regions = street()
    top, trousers = crops_of("p", pixels, mask, regions)
    assert (top.label, trousers.label) == ("top", "trousers"), "no skin, no belt of few pixels"
    np.testing.assert_array_equal(top.palette_C, palette(plain(*RED)))
    mask[20:80, 60:140] = 0
    mask[20:50, 60:109] = 5
    assert (mask == 5).sum() < MIN_PIXELS
    assert [crop.label for crop in crops_of("p", pixels, mask, regions)] == ["trousers"]


def test_regions_without_a_value_in_the_mask_have_no_crop() -> None:
    pixels, mask, _ = street()
    assert crops_of("p", pixels, mask, [Region("p", "top", 0, 0, 9, 9)]) == []


def clicks(outfit_id: str, shown: int, clicked: int) -> list[Click]:
    return [Click(f"{outfit_id}-{n}", "u", outfit_id, n < clicked, "test") for n in range(shown)]


@pytest.mark.parametrize(("shown", "clicked", "is_bad"), [(200, 4, True), (200, 20, False), (10, 0, False)])
def test_a_set_is_bad_when_its_clicks_surely_are(shown: int, clicked: int, is_bad: bool) -> None:
    others = clicks("good", 400, 60) + clicks("fair", 400, 40)
    assert (judged_by(others + clicks("asked", shown, clicked)).badly == {"asked"}) is is_bad


@pytest.mark.parametrize(("clicked", "is_good"), [(50, True), (24, False), (2, False)])
def test_a_set_is_good_when_its_clicks_surely_are(clicked: int, is_good: bool) -> None:
    others = clicks("some", 400, 40) + clicks("fair", 400, 40)
    assert (judged_by(others + clicks("asked", 200, clicked)).well == {"asked"}) is is_good


def test_without_clicks_no_set_is_good_or_bad() -> None:
    assert judged_by([]) == (frozenset(), frozenset())


def test_without_sets_nothing_is_trained(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    accept_catalogue(settings, range(3))
    crown(settings, tmp_path / "model")
    assert str(why_unavailable(settings, OUTFIT)).startswith("the data has 0 sets to learn")
    with pytest.raises(TrainingError, match="known presets: debug"):
        OUTFIT.preset("tiny")


def test_a_challenger_wins_on_evidence_alone() -> None:
    rng = np.random.default_rng(0)
    old = {"outfits": rng.random(400) < 0.5, "worn": rng.random(100) < 0.4}
    better = {source: hits | (rng.random(len(hits)) < 0.3) for source, hits in old.items()}
    assert compare(better, old, has_champion=True, floor=0.0).promoted
    same = compare(old, old, has_champion=True, floor=0.0)
    assert (same.promoted, same.interval and same.interval.difference) == (False, 0)
    assert not compare(old, better, has_champion=True, floor=0.0).promoted
    assert compare(old, None, has_champion=False, floor=0.4).promoted
    alone = compare(old, None, has_champion=True, floor=0.6)
    assert not alone.promoted
    assert "sees items as an earlier retrieval model did" in alone.reason
