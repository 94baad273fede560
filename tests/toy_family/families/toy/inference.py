"""The toy as serving has it; no torch."""

from __future__ import annotations

from pathlib import Path

import onnxruntime as ort

MODEL_FILE = "toy.onnx"


def load(folder: Path, threads: int) -> ort.InferenceSession:
    """Open the network among a release's files."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    return ort.InferenceSession(folder / MODEL_FILE, options, providers=["CPUExecutionProvider"])
