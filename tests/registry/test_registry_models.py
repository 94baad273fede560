"""Model versions: registered once, fetched as they were, nothing pickled, nothing swapped."""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny_model import EXAMPLE, SIGNATURE

from atelier.errors import DigestError, RegistryError
from atelier.registry.models import ModelVersion
from atelier.registry.runs import RunRef
from atelier.registry.store import Registry

Register = Callable[[str], ModelVersion]


def test_registering_twice_is_registering_once(registry: Registry, register: Register) -> None:
    first, second = register("twice"), register("twice")
    assert first == second
    assert [version.version for version in registry.versions("twice")] == [1]
    assert first.aliases == ("candidate",)
    assert first.tags["data_version"] == "d1"


def test_other_files_are_another_version_and_take_the_candidate_alias(
    registry: Registry, register: Register, files_dir: Path
) -> None:
    first = register("grows")
    (files_dir / "contract.json").write_text('{"dimension": 4}')
    second = register("grows")
    assert [version.version for version in registry.versions("grows")] == [2, 1]
    assert registry.version("grows", "candidate") == second
    assert registry.version("grows", first.version) == replace(first, aliases=())


def test_an_alias_moves_and_points_to_one_version_only(
    registry: Registry, register: Register, files_dir: Path
) -> None:
    register("moves")
    (files_dir / "contract.json").write_text("{}")
    register("moves")
    assert registry.version("moves", "champion") is None
    assert registry.set_alias("moves", "champion", 1).version == 1
    assert registry.set_alias("moves", "champion", 2).version == 2
    assert [version.aliases for version in registry.versions("moves")] == [("candidate", "champion"), ()]
    with pytest.raises(RegistryError, match=r"moves has no version 9 .* known versions: \[2, 1\]"):
        registry.set_alias("moves", "champion", 9)


def test_what_is_not_there_is_none(registry: Registry) -> None:
    assert registry.version("nobody", "champion") is None
    assert registry.version("nobody", 1) is None
    assert registry.versions("nobody") == []


def test_fetched_files_are_those_that_were_registered(
    registry: Registry, register: Register, files_dir: Path, tmp_path: Path
) -> None:
    version = register("fetched")
    target = tmp_path / "somewhere" / "model"
    target.mkdir(parents=True)
    (target / "left over").write_text("of an older version")
    assert registry.fetch(version, target) == target
    for path in files_dir.iterdir():
        assert (target / path.name).read_bytes() == path.read_bytes()
    card = (target / "card.md").read_text()
    assert card.startswith("# Mean colour\n\n## Files\n")
    assert f"| student.onnx | `{version.digests['student.onnx']}` |" in card
    assert {path.name for path in target.iterdir()} == set(version.digests)
    assert [path.name for path in target.parent.iterdir()] == ["model"]


def test_swapped_weights_are_refused_by_name(registry: Registry, register: Register, tmp_path: Path) -> None:
    version = register("swapped")
    weights = Path(version.location) / "student.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(
        DigestError, match=r"swapped version 1: student\.safetensors is not what was registered"
    ):
        registry.fetch(version, tmp_path / "target")
    assert not (tmp_path / "target").exists()


@pytest.mark.parametrize("change", ["added", "missing"])
def test_a_file_too_many_or_too_few_is_refused(
    registry: Registry, register: Register, tmp_path: Path, change: str
) -> None:
    version = register(change)
    if change == "added":
        (Path(version.location) / "hook.py").write_text("print('gotcha')")
    else:
        (Path(version.location) / "contract.json").unlink()
    with pytest.raises(DigestError, match="hook.py" if change == "added" else "contract.json"):
        registry.fetch(version, tmp_path / "target")


def test_mlflow_serves_a_version_with_pickles_switched_off(
    register: Register,
) -> None:
    import mlflow
    from mlflow.environment_variables import MLFLOW_ALLOW_PICKLE_DESERIALIZATION

    assert not MLFLOW_ALLOW_PICKLE_DESERIALIZATION.get()
    version = register("served")
    model = mlflow.pyfunc.load_model(version.location)
    assert model.metadata.signature == SIGNATURE.to_mlflow()
    example = model.input_example
    np.testing.assert_allclose(example["pixels"], EXAMPLE["pixels"])
    np.testing.assert_allclose(
        model.predict(EXAMPLE)["embedding"], EXAMPLE["pixels"].mean(axis=(2, 3)), rtol=1e-6
    )


def test_the_run_shows_the_model_and_the_model_its_run(
    registry: Registry, register: Register, run: RunRef
) -> None:
    version = register("linked")
    stored = registry.connection.client.get_run(run.run_id)
    [output] = stored.outputs.model_outputs
    logged = registry.connection.client.get_logged_model(output.model_id)
    assert (logged.artifact_location, logged.source_run_id) == (version.location, version.run_id)


def test_nothing_in_the_artifacts_is_a_pickle(registry: Registry, register: Register) -> None:
    register("plain")
    root = Path(registry.connection.artifact_root)
    paths = [path for path in root.rglob("*") if path.is_file()]
    assert paths
    for path in paths:
        assert path.suffix not in {".pkl", ".pickle", ".pt", ".pth", ".joblib"}
        assert not is_pickle(path.read_bytes()), path


def is_pickle(content: bytes) -> bool:
    """Whether the bytes parse as opcodes up to a final STOP."""
    try:
        opcodes = list(pickletools.genops(content))
    except Exception:
        return False
    return opcodes[-1][0].name == "STOP" and opcodes[-1][2] == len(content) - 1


def test_a_verdict_can_be_added_to_a_version(registry: Registry, register: Register) -> None:
    version = register("judged")
    registry.tag_version(version, {"gate": "promoted"})
    judged = registry.version("judged", 1)
    assert judged is not None
    assert judged.tags["gate"] == "promoted"
