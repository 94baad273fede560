"""Opens a served network: the very file that its contract names, on ONNX Runtime."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from atelier.errors import AtelierError, DigestError

if TYPE_CHECKING:
    import onnxruntime as ort


def open_session(
    onnx_path: Path, sha256: str, threads: int, refused: type[AtelierError]
) -> ort.InferenceSession:
    """Open a session on the CPU; `threads` is what one run may use.

    DigestError: the file is another one than `sha256` says. `refused`: ONNX Runtime cannot load it.
    """
    import onnxruntime as ort  # late: training imports this module too, on machines without it

    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Idle threads sleep rather than spin: requests share the cores with decoding and searching.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    model = _read_verified(onnx_path, sha256)
    try:
        return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime's own exceptions share no public base
        raise refused(f"{onnx_path}: ONNX Runtime cannot load it: {error}") from error


def _read_verified(onnx_path: Path, expected: str) -> bytes:
    data = onnx_path.read_bytes()
    seen = hashlib.sha256(data).hexdigest()
    if seen != expected:
        raise DigestError(
            f"{onnx_path}: expected sha256 {expected}, seen {seen}. "
            "The file is not the one that the contract was written for; fetch the model version again."
        )
    return data
