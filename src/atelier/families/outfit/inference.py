"""The served generator: started sets in, what they lack out, on ONNX Runtime. Needs no torch.

B = sets, P = places, D = vector
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from atelier.errors import RegistryError
from atelier.families.onnx_file import open_session

MODEL_FILE = "generator.onnx"
PIECES, KNOWN, QUERY = "pieces", "known", "query"


class OnnxGenerator:
    """A generator of any kind from its file; what `assembly.Generator` asks for."""

    def __init__(self, onnx_path: Path, sha256: str, threads: int = 1) -> None:
        """DigestError: the file is another one. RegistryError: ONNX Runtime cannot load it."""
        self._session = open_session(onnx_path, sha256, threads, RegistryError)

    def queries(self, pieces_BPD: NDArray[np.float32], num_B: NDArray[np.int64]) -> NDArray[np.float32]:
        """Unit rows [B, D] near to what goes with the first `num_B` pieces of each set."""
        known_BP = (np.arange(pieces_BPD.shape[1]) < num_B[:, None]).astype(np.int64)
        found: NDArray[np.float32] = self._session.run([QUERY], {PIECES: pieces_BPD, KNOWN: known_BP})[0]
        return found
