"""A tiny detector learns to find red rectangles on noise, and what is exported finds the same.

Rectangles on noise are far easier than products on streets; what this shows is that scenes, targets, losses
and both looks fit together.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from test_detection_scenes import red_products

from atelier.families.detection.config import DetectionConfig, NetworkConfig, SceneConfig
from atelier.families.detection.export import export_network
from atelier.families.detection.inference import MODEL_FILE, Detector
from atelier.families.detection.model import DetectionNetwork
from atelier.families.detection.scenes import Streets
from atelier.families.detection.task import DetectionModule, DetectionTask, Truth

NOISE = Streets(
    torch.randint(0, 200, (4, 3, 90, 60), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)),
    torch.tensor([0.0, 0.0, 1.0, 1.0]).repeat(4, 2, 1),
    torch.full((4, 2), -1),
)
CONFIG = DetectionConfig(
    NetworkConfig("resnet10t", {"channels": (16, 24, 32, 32)}, neck_channels=24, look_size=64, close_size=32),
    SceneConfig(bare_share=0.0, plain_share=0.0, height_share=(0.4, 0.7)),
)


def red_truths(num: int) -> list[Truth]:
    draw = np.random.default_rng(3)
    truths = []
    for _ in range(num):
        pixels = draw.integers(0, 200, (32, 24, 3), np.uint8).repeat(4, 0).repeat(4, 1)
        x, y, wide, high = draw.integers((5, 5, 25, 40), (40, 50, 45, 70)).tolist()
        pixels[y : y + high, x : x + wide] = (230, 0, 0)
        truths.append(Truth(pixels, np.asarray([[x, y, x + wide, y + high]], np.float32), ("top",), True))
    return truths


def test_a_tiny_detector_learns_and_its_export_finds_the_same(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = DetectionNetwork(CONFIG.network)
    task = DetectionTask(DetectionModule(network, CONFIG.loss), NOISE, CONFIG, red_truths(24))
    before = task.evaluate(task.module.eval())
    optimizer = torch.optim.AdamW(network.parameters(), 4e-3)
    task.module.train()
    for step in range(70):
        looks = task.prepare(red_products(), torch.Generator().manual_seed(step))
        loss, parts = task.loss(task.module, looks)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    after = task.evaluate(task.module.eval())
    assert set(parts) >= {"kind", "main", "box", "mean_box", "close_mean_box"}
    assert after["main/hit_50"] > max(0.7, before["main/hit_50"])
    contract = export_network(network, CONFIG, tmp_path)
    detector = Detector(tmp_path / MODEL_FILE, contract, threads=1)
    chosen = [detector.detect([truth.pixels])[0][0].box.as_tuple() for truth in task.validation]
    overlaps = [_overlap(box, truth.boxes_R4[0]) for box, truth in zip(chosen, task.validation, strict=True)]
    assert abs(np.mean(overlaps) - after["main/iou"]) < 0.03, "torch in training, ONNX Runtime in serving"


def _overlap(one: tuple[float, ...], other: np.ndarray) -> float:
    low, high = np.maximum(one[:2], other[:2]), np.minimum(one[2:], other[2:])
    shared = np.clip(high - low, 0, None).prod()
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return float(shared / (sum(areas) - shared))
