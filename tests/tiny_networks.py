"""Networks of a few nodes whose answers are known, in the files that serving and the jobs read."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper

from atelier.families.retrieval.inference import TEXT_FILE, EmbeddingContract

NUM_BUCKETS = 64


def write_network(
    path: Path,
    nodes: Sequence[NodeProto],
    constants: Mapping[str, Any],
    *,
    size: int,
    dimension: int,
    categories: Sequence[str],
    labels: Sequence[str] = (),
) -> EmbeddingContract:
    """Write a student of `nodes`, which turn `pixels` into `vector` and `category_logits`, and a text tower.

    Recall and relevance vectors are `vector`; where it has `labels`, `nodes` make `label_logits` too. The
    text tower sends every text to the first axis. Returns the contract of both files.
    """
    outputs = {
        "recall": dimension,
        "relevance": dimension,
        "category_logits": len(categories),
        "label_logits": len(labels),
    }
    end = [helper.make_node("Identity", ["vector"], [name]) for name in ("recall", "relevance")]
    if not labels:
        end.append(helper.make_node("Slice", ["vector", "nowhere", "nowhere", "across"], ["label_logits"]))
    constants = {**constants, "nowhere": np.array([dimension]), "across": np.array([1])}
    pixels = ("pixels", TensorProto.FLOAT, [3, size, size])
    model_digest = _write(path, *pixels, [*nodes, *end], outputs, constants)
    text_digest = _write_text_tower(path.with_name(TEXT_FILE), dimension)
    return EmbeddingContract(
        model_digest=model_digest,
        text_digest=text_digest,
        image_size=size,
        dimension=dimension,
        relevance_dimension=dimension,
        num_buckets=NUM_BUCKETS,
        categories=tuple(categories),
        labels=tuple(labels),
    )


def _write_text_tower(path: Path, dimension: int) -> str:
    nodes = [
        helper.make_node("Cast", ["tokens"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMax", ["numbers"], ["largest"], axes=[1], keepdims=1),
        helper.make_node("MatMul", ["largest", "first_axis"], ["along"]),
        helper.make_node("LpNormalization", ["along"], ["recall"], axis=1, p=2),
        helper.make_node("Identity", ["recall"], ["relevance"]),
    ]
    first_axis = np.eye(1, dimension, dtype=np.float32)
    outputs = {"recall": dimension, "relevance": dimension}
    return _write(path, "tokens", TensorProto.INT64, ["T"], nodes, outputs, {"first_axis": first_axis})


def _write(
    path: Path,
    input_name: str,
    input_type: int,
    input_shape: Sequence[int | str],
    nodes: Sequence[NodeProto],
    outputs: Mapping[str, int],
    constants: Mapping[str, Any],
) -> str:
    tensors = []
    for name, value in constants.items():
        array = np.asarray(value)
        kept = array.astype(np.int64 if array.dtype.kind == "i" else np.float32)
        tensors.append(onnx.numpy_helper.from_array(kept, name))
    graph = helper.make_graph(
        list(nodes),
        path.stem,
        [helper.make_tensor_value_info(input_name, input_type, ["B", *input_shape])],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["B", size])
            for name, size in outputs.items()
        ],
        tensors,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    data: bytes = model.SerializeToString()
    path.write_bytes(data)
    return hashlib.sha256(data).hexdigest()
