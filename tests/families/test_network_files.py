"""A network's files say what it says, and the network is afterwards as it was."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from atelier.errors import ModelContractError
from atelier.families.network_files import export_onnx, save_network
from atelier.families.onnx_file import open_session

FREE = {"x": {0: "rows"}, "y": {0: "rows"}}


@dataclass(frozen=True)
class _Config:
    """A network's configuration."""

    size: int = 4


class _Affine(nn.Module):
    """The smallest network with a mode and a buffer; `unused` is an input that it ignores."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 3)
        self.norm = nn.BatchNorm1d(3).eval()
        self.norm.running_mean = torch.tensor([1.0, 2.0, 3.0])

    def forward(self, x: Tensor, unused: Tensor) -> Tensor:  # noqa: ARG002
        y: Tensor = self.norm(self.linear(x))
        return y


def _export(network: nn.Module, path: Path) -> str:
    inputs = {"x": torch.zeros(2, 4), "unused": torch.zeros(2)}
    return export_onnx(network, path, inputs, ["y"], FREE)


def test_the_graph_computes_what_the_network_does_for_any_number_of_rows(tmp_path: Path) -> None:
    network, path = _Affine().eval(), tmp_path / "network.onnx"
    session = open_session(path, _export(network, path), 1, ModelContractError)
    assert [each.name for each in session.get_inputs()] == ["x"]
    for rows in (1, 5):
        x = torch.randn(rows, 4)
        np.testing.assert_allclose(
            session.run(["y"], {"x": x.numpy()})[0], network(x, x).detach().numpy(), atol=1e-5
        )


def test_the_digest_is_the_file_s_and_the_same_network_gives_the_same_bytes(tmp_path: Path) -> None:
    network = _Affine()
    digests = {_export(network, tmp_path / f"{number}.onnx") for number in range(2)}
    assert digests == {hashlib.sha256((tmp_path / "0.onnx").read_bytes()).hexdigest()}
    assert onnx.load(tmp_path / "0.onnx").opset_import[0].version == 17


def test_every_part_goes_back_to_its_own_mode_and_its_values(tmp_path: Path) -> None:
    network = _Affine().train()
    network.norm.eval()  # a frozen part of a network in training
    before = {name: value.clone() for name, value in network.state_dict().items()}
    _export(network, tmp_path / "network.onnx")
    modes = (network.training, network.linear.training, network.norm.training)
    assert modes == (True, True, False)
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


def test_a_network_whose_trace_fails_goes_back_too(tmp_path: Path) -> None:
    network = _Affine().train()
    with pytest.raises(RuntimeError):
        export_onnx(network, tmp_path / "x.onnx", {"x": torch.zeros(2, 5), "u": torch.zeros(1)}, ["y"], FREE)
    assert network.training


def test_a_network_without_weights_is_exported_too(tmp_path: Path) -> None:
    path = tmp_path / "relu.onnx"
    session = open_session(
        path, export_onnx(nn.ReLU(), path, {"x": torch.zeros(2, 4)}, ["y"], FREE), 1, ModelContractError
    )
    assert session.run(["y"], {"x": np.full((1, 4), -1, np.float32)})[0].tolist() == [[0, 0, 0, 0]]


def test_weights_and_configuration_are_kept_in_a_folder_that_is_made(tmp_path: Path) -> None:
    network, folder = _Affine(), tmp_path / "new" / "folder"
    save_network(network, _Config(), folder / "w.safetensors", folder / "network.json")
    kept = load_file(folder / "w.safetensors")
    assert kept.keys() == network.state_dict().keys()
    assert all(torch.equal(kept[name], value) for name, value in network.state_dict().items())
    assert (folder / "network.json").read_text() == json.dumps({"size": 4}, indent=2) + "\n"
