"""What the tiny model of these tests takes and gives: pictures of 4 x 4, and the mean of each colour."""

from __future__ import annotations

import numpy as np

from atelier.registry.signature import Signature, TensorSpec

SIGNATURE = Signature(
    inputs=(TensorSpec("pixels", "float32", (-1, 3, 4, 4)),),
    outputs=(TensorSpec("embedding", "float32", (-1, 3)),),
)
EXAMPLE = {"pixels": np.linspace(0, 1, 48, dtype=np.float32).reshape(1, 3, 4, 4)}
