"""A signature says what fits it, and what does not and why."""

from __future__ import annotations

import numpy as np
import pytest
from tiny_model import SIGNATURE

from atelier.registry.signature import Signature, TensorSpec

PIXELS = TensorSpec("pixels", "float32", (-1, 3, 4, 4))


@pytest.mark.parametrize(
    ("array", "fits"),
    [
        (np.zeros((1, 3, 4, 4), np.float32), True),
        (np.zeros((0, 3, 4, 4), np.float32), True),
        (np.zeros((9, 3, 4, 4), np.float32), True),
        (np.zeros((1, 3, 4, 4), np.float64), False),
        (np.zeros((1, 3, 4, 5), np.float32), False),
        (np.zeros((3, 4, 4), np.float32), False),
    ],
)
def test_any_size_fits_a_free_place_and_nothing_else_does(array: np.ndarray, fits: bool) -> None:
    assert PIXELS.fits(array) is fits


def test_a_name_too_many_or_too_few_is_named() -> None:
    array = np.zeros((1, 3, 4, 4), np.float32)
    SIGNATURE.check({"pixels": array})
    with pytest.raises(
        ValueError, match=r"inputs are \['mask', 'pixels'\], the signature names \['pixels'\]"
    ):
        SIGNATURE.check({"pixels": array, "mask": array})
    with pytest.raises(ValueError, match=r"outputs are \[\], the signature names \['embedding'\]"):
        SIGNATURE.check_outputs({})


def test_a_wrong_shape_is_told_beside_the_right_one() -> None:
    with pytest.raises(ValueError, match=r"float32\[1, 2\], the signature says float32\[-1, 3\]"):
        SIGNATURE.check_outputs({"embedding": np.zeros((1, 2), np.float32)})


def test_mlflow_gets_names_types_and_shapes_in_their_order() -> None:
    signature = Signature((PIXELS, TensorSpec("mask", "bool", (-1,))), SIGNATURE.outputs).to_mlflow()
    assert [(each.name, each.type, each.shape) for each in signature.inputs.inputs] == [
        ("pixels", np.dtype("float32"), (-1, 3, 4, 4)),
        ("mask", np.dtype("bool"), (-1,)),
    ]
    assert [each.name for each in signature.outputs.inputs] == ["embedding"]
