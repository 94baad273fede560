"""The store: opened by many at once, absolute, quiet, offline, and importable for free."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from atelier.registry.store import Registry
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


def test_importing_the_room_does_not_import_mlflow() -> None:
    code = "import sys; import atelier.registry.store; sys.exit('mlflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
