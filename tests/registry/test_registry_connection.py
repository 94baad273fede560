"""A connection has an absolute address, names what is gone, and is quiet."""

from __future__ import annotations

from pathlib import Path

import pytest

from atelier.errors import RegistryError
from atelier.registry.store import Registry, open_registry
from atelier.settings import Settings


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


@pytest.mark.usefixtures("registry")
def test_opening_ends_telemetry() -> None:
    from mlflow.telemetry import get_telemetry_client
    from mlflow.telemetry.utils import is_telemetry_disabled

    assert is_telemetry_disabled()
    assert get_telemetry_client() is None
