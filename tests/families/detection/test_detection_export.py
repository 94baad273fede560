"""The files say what the network says, and the network is as it was."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch
from safetensors.torch import load_file

from atelier.families.detection.export import FILES, WEIGHTS_FILE, contract_of, export_network
from atelier.families.detection.inference import (
    CONTRACT_FILE,
    INPUT,
    MODEL_FILE,
    OUTPUTS,
    DetectionContract,
)
from atelier.families.detection.kinds import KINDS
from atelier.families.detection.model import DetectionNetwork
from atelier.families.detection.presets import debug

CONFIG = debug().config


@pytest.fixture(scope="module")
def network() -> DetectionNetwork:
    torch.manual_seed(0)
    return DetectionNetwork(CONFIG.network).eval()


@pytest.fixture(scope="module")
def folder(network: DetectionNetwork, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files") / "deep" / "er"
    export_network(network, CONFIG, folder)
    return folder


def test_the_files_are_those_of_a_model_version_and_the_contract_names_the_graph(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == set(FILES)
    contract = DetectionContract.from_json((folder / CONTRACT_FILE).read_text())
    digest = hashlib.sha256((folder / MODEL_FILE).read_bytes()).hexdigest()
    assert contract == contract_of(CONFIG, digest)
    assert (contract.look_size, contract.close_size, contract.categories) == (64, 32, KINDS)
    assert json.loads((folder / "network.json").read_text())["look_size"] == 64


@pytest.mark.parametrize(("batch", "side"), [(1, 64), (3, 64), (2, 32), (1, 96)])
def test_the_graph_gives_probabilities_and_boxes_of_the_network_for_any_batch_and_side(
    network: DetectionNetwork, folder: Path, batch: int, side: int
) -> None:
    pixels = torch.rand(batch, 3, side, side, generator=torch.Generator().manual_seed(side))
    session = ort.InferenceSession(folder / MODEL_FILE, providers=["CPUExecutionProvider"])
    kinds, main, boxes = session.run(list(OUTPUTS), {INPUT: pixels.numpy()})
    with torch.inference_mode():
        cells = network(pixels)
    np.testing.assert_allclose(kinds, cells.kind_logits.sigmoid(), atol=1e-4)
    np.testing.assert_allclose(main, cells.main_logits.softmax(1), atol=1e-4)
    np.testing.assert_allclose(boxes, cells.boxes, atol=1e-4)
    np.testing.assert_allclose(main.sum(1), 1, atol=1e-5)


def test_the_weights_are_read_back_the_same(network: DetectionNetwork, folder: Path) -> None:
    kept = load_file(folder / WEIGHTS_FILE)
    assert all(torch.equal(kept[name], value) for name, value in network.state_dict().items())


@pytest.mark.parametrize("training", [True, False])
def test_a_network_in_training_goes_on_training_after_its_export(training: bool, tmp_path: Path) -> None:
    network = DetectionNetwork(CONFIG.network).train(training)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    export_network(network, CONFIG, tmp_path)
    assert network.training is training
    assert network.backbone.training is training
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
