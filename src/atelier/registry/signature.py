"""Describes the inputs and outputs of a model without MLflow's types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class TensorSpec:
    """One named tensor; -1 in `shape` is any size: `TensorSpec('pixels', 'float32', (-1, 3, 96, 96))`."""

    name: str
    dtype: str
    shape: tuple[int, ...]

    def fits(self, array: np.ndarray) -> bool:
        return (
            array.dtype == np.dtype(self.dtype)
            and array.ndim == len(self.shape)
            and all(wanted in (-1, seen) for wanted, seen in zip(self.shape, array.shape, strict=True))
        )


@dataclass(frozen=True)
class Signature:
    """The inputs and outputs of a model, in the order of its ONNX graph."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]

    def check(self, inputs: Mapping[str, np.ndarray]) -> None:
        """Raise ValueError where `inputs` do not match the model's inputs."""
        _check("inputs", self.inputs, inputs)

    def check_outputs(self, outputs: Mapping[str, np.ndarray]) -> None:
        """Raise ValueError where `outputs` do not match the model's outputs."""
        _check("outputs", self.outputs, outputs)

    def to_mlflow(self) -> Any:
        """Convert to an `mlflow.models.ModelSignature`."""
        from mlflow.models import ModelSignature
        from mlflow.types import Schema
        from mlflow.types import TensorSpec as MlflowSpec

        def schema(specs: tuple[TensorSpec, ...]) -> Any:
            return Schema([MlflowSpec(np.dtype(spec.dtype), spec.shape, spec.name) for spec in specs])

        return ModelSignature(inputs=schema(self.inputs), outputs=schema(self.outputs))


def _check(what: str, specs: tuple[TensorSpec, ...], arrays: Mapping[str, np.ndarray]) -> None:
    if {spec.name for spec in specs} != arrays.keys():
        raise ValueError(
            f"the {what} are {sorted(arrays)}, the signature names {[spec.name for spec in specs]}"
        )
    for spec in specs:
        array = arrays[spec.name]
        if not spec.fits(array):
            raise ValueError(
                f"{spec.name} of the {what} is {array.dtype}{list(array.shape)}, "
                f"the signature says {spec.dtype}{list(spec.shape)}"
            )
