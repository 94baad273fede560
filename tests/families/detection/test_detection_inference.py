"""The served detector: verified, two looks, and none at what stands before a plain background."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from toy_detector import KINDS, cluttered, write_toy_detector

from atelier.errors import DetectionContractError, DigestError
from atelier.families.detection.inference import MODEL_FILE, DetectionContract, Detector
from atelier.vocabulary import Box


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("detector")
    write_toy_detector(folder)
    return folder


@pytest.fixture
def contract(folder: Path) -> DetectionContract:
    return write_toy_detector(folder)


@pytest.fixture
def detector(folder: Path, contract: DetectionContract) -> Detector:
    return Detector(folder / MODEL_FILE, contract, threads=1)


def test_the_second_look_is_inside_the_surroundings_of_the_first(detector: Detector) -> None:
    photo = cluttered()
    photo[96:152, 72:112] = 0  # in the lower right quarter of 160 x 120
    (found,) = detector.find([photo])
    # First the quarter (60, 80, 120, 160), its surroundings (45, 60, 120, 160), and of these a quarter.
    assert found[0].box == Box(82.5, 110, 120, 160)
    assert found[0].chosen
    assert found[0].category == KINDS[1]
    assert found[0].score == pytest.approx(0.9, abs=0.01)
    assert [item.chosen for item in found[1:]] == [False] * len(found[1:])


def test_a_batch_finds_what_each_photo_alone_finds(detector: Detector) -> None:
    photos = [cluttered(160, 120, 1), cluttered(80, 200, 2), cluttered(240, 160, 3)]
    photos[0][:60, :40] = 0
    photos[2][150:, :60] = 10
    together = detector.find(photos)
    for photo, found in zip(photos, together, strict=True):
        assert [item.box for item in detector.find([photo])[0]] == [item.box for item in found]
        for item in found:
            assert 0 <= item.box.x0 < item.box.x1 <= photo.shape[1]
            assert 0 <= item.box.y0 < item.box.y1 <= photo.shape[0]


def test_before_a_plain_background_the_item_is_what_is_not_background(detector: Detector) -> None:
    photo = np.full((160, 120, 3), 240, np.uint8)
    photo[40:120, 30:80] = (200, 30, 30)
    found = detector.find([photo, cluttered()])
    assert len(found[0]) == 1
    np.testing.assert_allclose(found[0][0].box.as_tuple(), (30, 40, 80, 120), atol=4)
    assert found[0][0].category == "item"
    assert found[1][0].category in KINDS
    assert detector.detect([photo])[0][0].category in KINDS, "`look` does not ask for the background"


def test_another_file_and_another_contract_are_refused(
    folder: Path, contract: DetectionContract, tmp_path: Path
) -> None:
    (tmp_path / MODEL_FILE).write_bytes((folder / MODEL_FILE).read_bytes() + b" ")
    with pytest.raises(DigestError, match="expected sha256"):
        Detector(tmp_path / MODEL_FILE, contract)
    with pytest.raises(DetectionContractError, match="preprocessing"):
        Detector(folder / MODEL_FILE, replace(contract, preprocessing="other"))
    with pytest.raises(DetectionContractError, match="outputs"):
        Detector(folder / MODEL_FILE, replace(contract, categories=("one", "two", "three")))
    with pytest.raises(DetectionContractError, match="trial run failed"):
        Detector(folder / MODEL_FILE, replace(contract, look_size=64, close_size=40))


def test_a_contract_survives_its_json_and_nonsense_does_not(contract: DetectionContract) -> None:
    assert DetectionContract.from_json(contract.to_json()) == contract
    with pytest.raises(DetectionContractError, match="not a detection contract"):
        DetectionContract.from_json('{"model_digest": "a"}')
