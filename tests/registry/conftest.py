"""One real store for the room's tests, opened first by eight processes at once, and a tiny model."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tiny_model import EXAMPLE, SIGNATURE

from atelier.registry.models import ModelVersion
from atelier.registry.runs import RunRef
from atelier.registry.store import Registry, open_registry
from atelier.settings import Settings


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("registry"))


@pytest.fixture(scope="session")
def eight_processes(
    settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> tuple[subprocess.CompletedProcess[str], Path]:
    """The result of `eight_processes.py` on the empty store, and the folder it ran in."""
    folder = tmp_path_factory.mktemp("working-folder")
    script = Path(__file__).with_name("eight_processes.py")
    result = subprocess.run(
        [sys.executable, str(script), str(settings.home)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return result, folder


@pytest.fixture(scope="session")
def registry(settings: Settings, eight_processes: object) -> Registry:
    assert eight_processes  # they made the store
    return open_registry(settings)


@pytest.fixture
def run(registry: Registry, request: pytest.FixtureRequest) -> RunRef:
    """A finished run of this test's own."""
    key = hashlib.sha256(request.node.name.encode()).hexdigest()
    with registry.start_run("train", key, {"data_version": "d1"}) as tracker:
        return tracker.ref


@pytest.fixture
def files_dir(tmp_path: Path) -> Path:
    """What training leaves behind: a network that takes the mean of each colour, and its weights."""
    import onnx
    from onnx import TensorProto, helper
    from safetensors.numpy import save_file

    folder = tmp_path / "files"
    folder.mkdir()
    graph = helper.make_graph(
        [helper.make_node("ReduceMean", ["pixels", "axes"], ["embedding"], keepdims=0)],
        "mean_colour",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["B", 3, 4, 4])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["B", 3])],
        [helper.make_tensor("axes", TensorProto.INT64, [2], [2, 3])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.save(model, folder / "student.onnx")
    save_file({"weight": np.arange(64, dtype=np.float32)}, folder / "student.safetensors")
    (folder / "contract.json").write_text('{"dimension": 3}')
    return folder


@pytest.fixture
def register(registry: Registry, files_dir: Path, run: RunRef) -> Callable[[str], ModelVersion]:
    """Registers `files_dir` under a name."""

    def register_as(name: str) -> ModelVersion:
        return registry.register(
            name,
            files_dir,
            run,
            signature=SIGNATURE,
            input_example=EXAMPLE,
            card="# Mean colour\n",
            tags={"data_version": "d1"},
        )

    return register_as
