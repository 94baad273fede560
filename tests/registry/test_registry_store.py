"""The store: opened by many at once, absolute, quiet, offline, and importable for free."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from atelier.errors import RegistryError
from atelier.registry.store import Registry, open_registry
from atelier.settings import Settings

EightProcesses = tuple[subprocess.CompletedProcess[str], Path]


def test_eight_processes_open_an_empty_store_at_once(
    eight_processes: EightProcesses, registry: Registry
) -> None:
    result, _ = eight_processes
    assert result.returncode == 0, result.stderr
    for number in range(8):
        found = registry.find_run(f"key-{number}")
        assert found is not None
        assert found.metrics["number"] == number


def test_opening_says_nothing_and_leaves_nothing_in_the_working_folder(
    eight_processes: EightProcesses,
) -> None:
    result, folder = eight_processes
    assert (result.stdout, result.stderr) == ("", "")
    assert list(folder.iterdir()) == []


def test_all_files_of_the_store_lie_beneath_mlruns(settings: Settings, registry: Registry) -> None:
    with registry.start_run("small", "lies-beneath", {}) as run:
        run.text("note.md", "hello")
    assert [path.name for path in settings.home.iterdir()] == ["mlruns"]
    for experiment in registry.connection.client.search_experiments():
        assert experiment.artifact_location.startswith(str(settings.home / "mlruns" / "artifacts"))


def test_an_address_that_depends_on_the_working_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="four slashes"):
        open_registry(Settings(home=tmp_path, tracking_uri="sqlite:///mlflow.db"))


def test_a_deleted_experiment_is_named_and_not_filled(registry: Registry) -> None:
    with registry.start_run("first", "before-deletion", {}, family="gone"):
        pass
    client = registry.connection.client
    client.delete_experiment(client.get_experiment_by_name("gone").experiment_id)
    with pytest.raises(RegistryError, match="mlflow experiments restore"):  # noqa: SIM117
        with registry.start_run("second", "after-deletion", {}, family="gone"):
            pass


def test_importing_the_room_does_not_import_mlflow() -> None:
    code = "import sys; import atelier.registry.store; sys.exit('mlflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.usefixtures("registry")
def test_opening_ends_telemetry() -> None:
    from mlflow.telemetry import get_telemetry_client
    from mlflow.telemetry.utils import is_telemetry_disabled

    assert is_telemetry_disabled()
    assert get_telemetry_client() is None
