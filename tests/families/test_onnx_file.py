"""A served network is the very file that its contract names."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from atelier.errors import DetectionContractError, DigestError, RegistryError
from atelier.families.onnx_file import open_session


def _doubling(path: Path) -> str:
    """Write a network that doubles its input, and give its digest."""
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "x"], ["y"])],
        "doubling",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N"])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N"])],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_file_with_the_contract_s_digest_runs_on_the_threads_it_is_given(tmp_path: Path) -> None:
    path = tmp_path / "doubling.onnx"
    session = open_session(path, _doubling(path), threads=3, refused=RegistryError)
    (answer,) = session.run(None, {"x": np.array([1.0, 2.5], np.float32)})
    assert answer.tolist() == [2.0, 5.0]
    options = session.get_session_options()
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (3, 1)
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"


def test_one_changed_byte_is_refused_with_both_digests(tmp_path: Path) -> None:
    path = tmp_path / "doubling.onnx"
    expected = _doubling(path)
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(DigestError, match=f"expected sha256 {expected}, seen [0-9a-f]{{64}}"):
        open_session(path, expected, 1, RegistryError)


@pytest.mark.parametrize("refused", [RegistryError, DetectionContractError])
def test_what_is_no_network_is_refused_in_the_family_s_own_words(
    tmp_path: Path, refused: type[RegistryError] | type[DetectionContractError]
) -> None:
    path = tmp_path / "poem.onnx"
    path.write_bytes(b"no network")
    with pytest.raises(refused, match=r"poem\.onnx: ONNX Runtime cannot load it"):
        open_session(path, hashlib.sha256(b"no network").hexdigest(), 1, refused)
