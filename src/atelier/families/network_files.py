"""Writes the files of a trained network: weights as safetensors, configuration as JSON, ONNX for serving."""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar, Protocol

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

_OPSET = 17


class Dataclass(Protocol):
    """Any dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


def save_network(module: nn.Module, config: Dataclass, weights_path: Path, config_path: Path) -> None:
    """Write a network's weights and the configuration that it is built from."""
    save_weights(module, weights_path)
    config_path.write_text(json.dumps(asdict(config), indent=2) + "\n")


def save_weights(module: nn.Module, path: Path) -> None:
    """Write all weights of a module as safetensors, into a folder that is made if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in module.state_dict().items()}
    save_file(tensors, path)


def export_onnx(
    module: nn.Module,
    path: Path,
    inputs: Mapping[str, Tensor],
    outputs: Sequence[str],
    free: Mapping[str, Mapping[int, str]],
) -> str:
    """Trace a module in float32 on the CPU, write it as ONNX and return the file's sha256, hexadecimal.

    `inputs`: an example of each, in the order of the module's arguments. `free`: the axes of inputs and
    outputs whose sizes may differ from the example's, by name. An input that the module does not use is left
    out of the graph. The module goes back to its device and training mode.
    """
    with _ready_to_trace(module), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            tuple(inputs.values()),
            str(path),
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_axes={name: dict(axes) for name, axes in free.items()},
            opset_version=_OPSET,
            # The TorchScript exporter: no network has control flow, and its graphs fold batch norms.
            dynamo=False,
        )
    return hashlib.sha256(path.read_bytes()).hexdigest()


@contextmanager
def _ready_to_trace(module: nn.Module) -> Iterator[None]:
    was_training = {part: part.training for part in module.modules()}
    tensors = chain(module.parameters(), module.buffers())
    device = next((tensor.device for tensor in tensors), torch.device("cpu"))
    module.cpu().float().eval().to(memory_format=torch.contiguous_format)
    try:
        yield
    finally:
        module.to(device)
        for part, training in was_training.items():
            part.training = training
