"""A detector that is known by heart: the item of a view is its darkest quarter.

It answers for four cells, the quarters of whatever it is shown; the darkest one is the main item.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from atelier.families.detection.inference import (
    CONTRACT_FILE,
    INPUT,
    MODEL_FILE,
    OUTPUTS,
    BoxRules,
    DetectionContract,
)

SIZE = 32
KINDS = ("top", "bag")
QUARTERS = np.asarray([(0, 0, 0.5, 0.5), (0.5, 0, 1, 0.5), (0, 0.5, 0.5, 1), (0.5, 0.5, 1, 1)], np.float32)


def write_toy_detector(folder: Path, sharpness: float = 80.0) -> DetectionContract:
    """Write the detector and its contract; another `sharpness` makes another file."""
    constants = {
        "sharpness": np.asarray(-sharpness, np.float32),
        "quarters": QUARTERS[None],
        "kinds": np.asarray([[[0.2, 0.9]]], np.float32),
        "zero": np.asarray(0, np.float32),
        "last": np.asarray([2], np.int64),
    }
    side = SIZE // 2
    nodes = [
        helper.make_node("ReduceMean", [INPUT], ["grey"], axes=[1], keepdims=1),
        helper.make_node("AveragePool", ["grey"], ["cells"], kernel_shape=[side, side], strides=[side, side]),
        helper.make_node("Flatten", ["cells"], ["light"]),
        helper.make_node("Mul", ["light", "sharpness"], ["darkness"]),
        helper.make_node("Softmax", ["darkness"], [OUTPUTS[1]], axis=1),
        helper.make_node("Unsqueeze", [OUTPUTS[1], "last"], ["column"]),
        helper.make_node("Mul", ["column", "kinds"], [OUTPUTS[0]]),
        helper.make_node("Mul", ["column", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "quarters"], [OUTPUTS[2]]),
    ]
    shapes = (["B", 4, len(KINDS)], ["B", 4], ["B", 4, 4])
    graph = helper.make_graph(
        nodes,
        "darkest-quarter",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["B", 3, SIZE, SIZE])],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name, shape in zip(OUTPUTS, shapes, strict=True)
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    folder.mkdir(parents=True, exist_ok=True)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    (folder / MODEL_FILE).write_bytes(model.SerializeToString())
    digest = hashlib.sha256((folder / MODEL_FILE).read_bytes()).hexdigest()
    contract = DetectionContract(digest, SIZE, SIZE, KINDS, BoxRules())
    (folder / CONTRACT_FILE).write_text(contract.to_json())
    return contract


def cluttered(height: int = 160, width: int = 120, seed: int = 0) -> np.ndarray:
    """A bright photo whose background is anything but plain, uint8 [H, W, 3]."""
    coarse = np.random.default_rng(seed).integers(120, 256, (height // 8, width // 8, 3), np.uint8)
    return coarse.repeat(8, 0).repeat(8, 1)
