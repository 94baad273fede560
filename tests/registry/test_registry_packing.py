"""What cannot be served, or would run code, is not packed."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tiny_model import EXAMPLE, SIGNATURE

from atelier.errors import RegistryError
from atelier.registry.models import ModelVersion
from atelier.registry.runs import RunRef
from atelier.registry.signature import Signature, TensorSpec
from atelier.registry.store import Registry

Register = Callable[[str], ModelVersion]


@pytest.mark.parametrize(
    ("name", "content"),
    [("head.pt", b"weights"), ("facts.dat", pickle.dumps({"a": 1})), ("MLmodel", b"flavors: {}")],
    ids=["by suffix", "by content", "reserved"],
)
def test_pickles_and_reserved_names_are_refused(
    registry: Registry, register: Register, files_dir: Path, name: str, content: bytes
) -> None:
    (files_dir / name).write_bytes(content)
    with pytest.raises(RegistryError, match=name):
        register("refused")
    assert registry.versions("refused") == []


def test_a_model_that_does_not_do_what_its_signature_says_is_refused(
    registry: Registry, run: RunRef, files_dir: Path
) -> None:
    wrong = Signature(SIGNATURE.inputs, (TensorSpec("embedding", "float32", (-1, 256)),))
    with pytest.raises(
        RegistryError, match=r"embedding of the outputs is float32\[1, 3\].* float32\[-1, 256\]"
    ):
        registry.register("wrong", files_dir, run, signature=wrong, input_example=EXAMPLE, card="", tags={})
    with pytest.raises(ValueError, match="pixels of the inputs is float64"):
        registry.register(
            "wrong",
            files_dir,
            run,
            signature=SIGNATURE,
            input_example={"pixels": EXAMPLE["pixels"].astype(np.float64)},
            card="",
            tags={},
        )
