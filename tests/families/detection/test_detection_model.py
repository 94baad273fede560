"""The network answers for every cell of a view of any size, with boxes around the cells' middles."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from atelier.errors import TrainingError
from atelier.families.detection.config import NetworkConfig
from atelier.families.detection.kinds import KINDS
from atelier.families.detection.model import DetectionNetwork, build_backbone, cell_middles
from atelier.families.detection.presets import debug

SMALL = debug().config.network


@pytest.fixture(scope="module")
def network() -> DetectionNetwork:
    torch.manual_seed(0)
    return DetectionNetwork(SMALL).eval()


@pytest.mark.parametrize("side", [32, 64, 96])
def test_a_view_of_any_multiple_of_32_has_a_cell_for_each_8_pixels(
    network: DetectionNetwork, side: int
) -> None:
    with torch.inference_mode():
        cells = network(torch.rand(2, 3, side, side))
    num = (side // 8) ** 2
    assert cells.kind_logits.shape == (2, num, len(KINDS))
    assert cells.main_logits.shape == (2, num)
    assert cells.boxes.shape == (2, num, 4)


def test_middles_of_cells_run_along_rows_first() -> None:
    assert cell_middles(2, 3, torch.device("cpu")).tolist() == pytest.approx(
        [pytest.approx([(column + 0.5) / 3, (row + 0.5) / 2]) for row in range(2) for column in range(3)]
    )


def test_every_box_holds_the_middle_of_its_cell(network: DetectionNetwork) -> None:
    with torch.inference_mode():
        boxes = network(torch.rand(3, 3, 64, 64)).boxes
    middles = cell_middles(8, 8, torch.device("cpu"))
    assert bool((boxes[..., :2] < middles).all())
    assert bool((boxes[..., 2:] > middles).all())


def test_before_training_items_are_rare_and_boxes_span_a_third_of_the_view() -> None:
    torch.manual_seed(0)
    with torch.inference_mode():
        cells = DetectionNetwork(SMALL).eval()(torch.rand(4, 3, 64, 64))
    assert float(cells.kind_logits.sigmoid().max()) < 0.1
    sides = (cells.boxes[..., 2:] - cells.boxes[..., :2]).mean()
    assert float(sides) == pytest.approx(1 / 3, abs=0.08)


def test_a_picture_s_answer_does_not_depend_on_the_others_of_its_batch(network: DetectionNetwork) -> None:
    pixels = torch.rand(3, 3, 64, 64)
    with torch.inference_mode():
        together, alone = network(pixels), network(pixels[1:2])
    torch.testing.assert_close(together.boxes[1:2], alone.boxes, atol=1e-5, rtol=1e-4)


def test_a_backbone_gives_features_at_strides_8_16_and_32() -> None:
    features = build_backbone(SMALL)(torch.rand(1, 3, 64, 64))
    assert [tuple(part.shape[2:]) for part in features] == [(8, 8), (4, 4), (2, 2)]


def test_an_unknown_backbone_is_refused_with_its_neighbours() -> None:
    with pytest.raises(TrainingError, match=r"knows no backbone 'resnet1800'; near it: .*resnet"):
        build_backbone(NetworkConfig("resnet1800"))


def test_a_backbone_of_other_strides_is_refused() -> None:
    with pytest.raises(TrainingError, match="expected features at strides 8, 16 and 32"):
        build_backbone(replace(SMALL, backbone_options={**SMALL.backbone_options, "output_stride": 16}))
