"""What all tests need: silence towards the outside, and a Ctrl-C that works."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from atelier import telemetry

# Tests run two at a time: threads that wait for preempted ones cost more than they bring.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Before any library: some tests import one of them ahead of our own code.
telemetry.switch_off()

# A shell that starts the tests in the background hands SIGINT down ignored, to them and all that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with a slow test come first, so that no worker is left alone with one at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def shared_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all processes of this session."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def simulated_drop(shared_dir: Path) -> Path:
    """A simulated drop, made once; read only."""
    import shared_worlds

    return shared_worlds.once(shared_dir, "simulated", shared_worlds.make_drop) / "drop"


@pytest.fixture(scope="session")
def ingested_home(shared_dir: Path, simulated_drop: Path) -> Path:
    """A workspace with the simulated drop in it, made once; change `shared_worlds.moved_copy` of it."""
    import shared_worlds

    return shared_worlds.once(
        shared_dir, "ingested", lambda folder: shared_worlds.make_ingested(folder, simulated_drop)
    )


@pytest.fixture(scope="session")
def trained_home(shared_dir: Path, ingested_home: Path) -> Path:
    """The same with a champion of photo search, made once; change `shared_worlds.moved_copy` of it."""
    import shared_worlds

    return shared_worlds.once(
        shared_dir, "trained", lambda folder: shared_worlds.make_trained(folder, ingested_home)
    )


@pytest.fixture(scope="session")
def detecting_home(shared_dir: Path, ingested_home: Path) -> Path:
    """The ingested workspace with a champion of detection, made once; read only."""
    import shared_worlds

    return shared_worlds.once(
        shared_dir, "detecting", lambda folder: shared_worlds.make_detecting(folder, ingested_home)
    )


@pytest.fixture(scope="session")
def styling_home(shared_dir: Path, trained_home: Path) -> Path:
    """The trained workspace with an outfit model that is live, made once; read only."""
    import shared_worlds

    return shared_worlds.once(
        shared_dir, "styling", lambda folder: shared_worlds.make_styling(folder, trained_home)
    )


@pytest.fixture(scope="session")
def packed_dir(shared_dir: Path, ingested_home: Path) -> Path:
    """A pack and what another machine made of it (`packed_world.Elsewhere`), made once; read only."""
    import shared_worlds

    return shared_worlds.once(
        shared_dir, "packed", lambda folder: shared_worlds.make_packed(folder, ingested_home)
    )


@pytest.fixture(scope="session")
def ranking_dir(shared_dir: Path) -> Path:
    """A workspace with a champion of ranking (`ranker_workspace.Workspace`), made once; read only."""
    import ranker_workspace
    import shared_worlds

    return shared_worlds.once(shared_dir, "ranking", ranker_workspace.make_ranking)


@pytest.fixture(scope="session")
def reviewed_dir(shared_dir: Path) -> Path:
    """A workspace with a review of two models (`reviewed_world.World`), made once; read only."""
    import reviewed_world
    import shared_worlds

    return shared_worlds.once(shared_dir, "reviewed", reviewed_world.make_review)
