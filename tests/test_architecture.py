"""The plan of the house, held: which room may look into which, and which library has which landlord.

Reads every import under `src/` and `flows/` from the syntax tree, late imports too. To open a new door,
change the plan here and say why in `docs/decisions/`.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAX_LINES = 400

OPEN_TO_ALL = {
    "errors",
    "evidence",
    "files",
    "markdown",
    "matting",
    "pictures",
    "places",
    "precision",
    "progress",
    "telemetry",
    "vocabulary",
}
"""Plain modules that any room may import."""

DOORS: dict[str, set[str]] = {
    "vocabulary": set(),
    "errors": set(),
    "files": set(),
    "markdown": set(),
    "pictures": set(),
    "matting": set(),
    "evidence": set(),
    "precision": set(),
    "progress": set(),
    "telemetry": set(),
    "places": set(),
    "settings": set(),
    "contracts": set(),
    "datasets": set(),
    "simulate": set(),
    "collage": set(),
    "rules": set(),
    "delivery": set(),
    "nn": set(),
    "engine": set(),
    "versioning": {"settings"},
    "registry": {"settings"},
    "index": {"settings", "families"},
    "families": {"nn", "datasets", "rules"},
    "release": {"settings", "registry", "index", "versioning"},
    "services": {"settings"},
    "styling": {"settings", "families", "index", "release", "collage", "delivery", "rules"},
    "serving": {"settings", "families", "index", "release", "collage", "delivery", "rules", "styling"},
    "lifecycle": {"settings", "families", "engine", "registry", "versioning"},
    "jobs": {
        *("settings", "contracts", "versioning", "datasets", "simulate", "families", "engine", "lifecycle"),
        *("registry", "index", "release", "collage", "delivery", "rules", "styling"),
    },
    "cli": {"settings", "jobs", "lifecycle", "serving", "services", "release", "flows", "styling"},
    "flows": {"settings", "jobs", "lifecycle", "services"},
}
"""Each room, and the rooms it may look into besides itself and those open to all."""

LANDLORDS: dict[str, set[str]] = {
    "prefect": {"flows", "services"},
    "dvc": {"versioning"},
    "great_expectations": {"contracts"},
    "accelerate": {"engine"},
    "mlflow": {"registry"},
    "lancedb": {"index"},
    "lance": {"index"},
    "rabitqlib": {"index"},
    "faiss": {"index"},
    "ray": {"styling"},
    "tqdm": {"progress"},
    "fastapi": {"serving"},
    "fastapi_offline": {"serving"},
    "uvicorn": {"serving"},
    "prometheus_client": {"serving"},
    "typer": {"cli"},
    "rich": {"cli"},
    "pydantic_settings": {"settings"},
    "onnxruntime": {"families"},
}
"""Libraries with one home (Prefect's command line is also started by services)."""

NEVER_IN_SERVING = {
    "torch",
    "torchvision",
    "accelerate",
    "timm",
    "prefect",
    "mlflow",
    "dvc",
    "great_expectations",
}

TRAINING_ROOMS = {"families", "engine", "nn"}
BARE_GPU_IMAGE = {
    *("torch", "torchvision", "accelerate", "timm", "safetensors", "numpy", "PIL", "tqdm"),
    *("onnx", "onnxruntime", "onnxscript"),
}
"""What training may import beside the standard library, so that a bare GPU image can train."""


BARE_MODULES = ("atelier.lifecycle.train_pack",)
"""Modules of other rooms that a bare GPU image runs too, with all of ours that they import."""

STANDARD_LIBRARY = sys.stdlib_module_names


@dataclass(frozen=True)
class Import:
    """One import statement: of `module` ('atelier.index.build', 'torch.nn'), at `where`, in `room`."""

    room: str
    module: str
    where: str

    @property
    def library(self) -> str:
        return self.module.split(".")[0]

    @property
    def target_room(self) -> str | None:
        return room_of(self.module)


def room_of(module: str) -> str | None:
    """The room a module of ours lives in; None for somebody else's."""
    parts = module.split(".")
    if parts[0] == "flows":
        return "flows"
    return parts[1] if parts[0] == "atelier" and len(parts) > 1 else None


def imports_of(module: str, source: str, where: str) -> Iterator[Import]:
    """Every import in a file, wherever in it; `from atelier import y` counts as `atelier.y`."""
    room = room_of(module)
    assert room is not None
    for node in ast.walk(ast.parse(source)):
        place = f"{where}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Import):
            yield from (Import(room, alias.name, place) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            if node.module == "atelier":
                yield from (Import(room, f"atelier.{alias.name}", place) for alias in node.names)
            else:
                yield Import(room, node.module, place)


def wrong_doors(imports: list[Import]) -> list[str]:
    """A sentence for each import that the plan does not allow."""
    return [message for each in imports for message in _judge(each)]


def _judge(each: Import) -> Iterator[str]:
    target = each.target_room
    if each.room not in DOORS:
        yield f"{each.where}: the room '{each.room}' is not in the plan; add it to DOORS with its doors"
        return
    if target is not None and target not in {each.room, *OPEN_TO_ALL, *DOORS[each.room]}:
        allowed = ", ".join(sorted(DOORS[each.room])) or "no other room"
        yield f"{each.where}: the room '{each.room}' may not look into '{target}' (only: {allowed})"
    landlords = LANDLORDS.get(each.library)
    if landlords is not None and each.room not in landlords:
        home = " and ".join(sorted(landlords))
        yield f"{each.where}: '{each.library}' lives in {home}, not in '{each.room}'"
    if each.room == "serving" and each.library in NEVER_IN_SERVING:
        yield f"{each.where}: 'serving' must start without '{each.library}'"
    if (
        each.room in TRAINING_ROOMS
        and target is None
        and each.library not in BARE_GPU_IMAGE | STANDARD_LIBRARY
    ):
        yield f"{each.where}: '{each.room}' trains on a bare GPU image, which has no '{each.library}'"


def cycles(imports: list[Import]) -> list[str]:
    """Every room that reaches itself through others, as 'a -> b -> a'."""
    graph: dict[str, set[str]] = {}
    for each in imports:
        if each.target_room is not None and each.target_room != each.room:
            graph.setdefault(each.room, set()).add(each.target_room)
    return sorted({" -> ".join(path) for room in graph for path in _paths_back(graph, (room,))})


def _paths_back(graph: Mapping[str, set[str]], path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for following in graph.get(path[-1], ()):
        if following == path[0]:
            yield (*path, following)
        elif following not in path and following > path[0]:  # Each cycle once, from its first room by name.
            yield from _paths_back(graph, (*path, following))


def environment_readers(source: str, where: str) -> list[str]:
    """A sentence for each place that reads the environment: `os.getenv`, `os.environ` but for `.update`."""
    tree = ast.parse(source)
    written = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr == "update"
        and ast.unparse(node.value) == "os.environ"
    }
    return [
        f"{where}:{node.lineno}: only 'settings' reads the environment; take what you need from Settings"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and ast.unparse(node) in {"os.environ", "os.getenv", "os.environb"}
        and id(node) not in written
    ]


def source_files() -> list[tuple[str, Path]]:
    """(module, path) of every file under src/ and flows/."""
    files = [(path.relative_to(ROOT / "src"), path) for path in (ROOT / "src").rglob("*.py")]
    files += [(path.relative_to(ROOT), path) for path in (ROOT / "flows").rglob("*.py")]
    return [
        (".".join(relative.with_suffix("").parts).removesuffix(".__init__"), path) for relative, path in files
    ]


@pytest.fixture(scope="module")
def all_imports() -> list[Import]:
    return [
        each
        for module, path in source_files()
        if room_of(module)
        for each in imports_of(module, path.read_text(), str(path.relative_to(ROOT)))
    ]


def test_every_import_goes_through_a_door_of_the_plan(all_imports: list[Import]) -> None:
    assert len(all_imports) > 100, "the files were not found"
    assert "\n".join(wrong_doors(all_imports)) == ""


@pytest.mark.parametrize("module", BARE_MODULES)
def test_a_bare_gpu_image_has_all_that_trains_a_pack(module: str) -> None:
    paths = dict(source_files())
    to_read, read = [module], set[str]()
    while to_read:
        name = to_read.pop()
        read.add(name)
        found = list(imports_of(name, paths[name].read_text(), str(paths[name].relative_to(ROOT))))
        strangers = [
            f"{each.where}: a bare GPU image has no '{each.library}', and {module} comes by here"
            for each in found
            if each.target_room is None
            and each.library not in BARE_GPU_IMAGE | STANDARD_LIBRARY | {"_typeshed", "atelier"}
        ]
        assert "\n".join(strangers) == ""
        to_read += [each.module for each in found if each.module in paths and each.module not in read]
    assert "atelier.engine.trainer" in read, "imports were followed"
    assert "registry" not in {room_of(name) for name in read}


def test_rooms_do_not_look_into_each_other_in_circles(all_imports: list[Import]) -> None:
    assert cycles(all_imports) == []


def test_only_settings_reads_the_environment() -> None:
    found = [
        message
        for _, path in source_files()
        if path.name != "settings.py"
        for message in environment_readers(path.read_text(), str(path.relative_to(ROOT)))
    ]
    assert "\n".join(found) == ""


def test_serving_starts_without_training_and_without_the_flows() -> None:
    loaded = "import sys, atelier.serving.run; print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) & NEVER_IN_SERVING == set()


def test_no_file_is_longer_than_a_reader_can_hold() -> None:
    long_files = [
        f"{path.relative_to(ROOT)}: {num_lines} lines (at most {MAX_LINES}); find the noun that is missing"
        for folder in ("src", "flows", "tests", "benchmarks")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if (num_lines := len(path.read_text().splitlines())) > MAX_LINES
    ]
    assert "\n".join(long_files) == ""


@pytest.mark.parametrize(
    ("module", "line", "message"),
    [
        ("atelier.engine.trainer", "import mlflow", "'mlflow' lives in registry, not in 'engine'"),
        (
            "atelier.engine.trainer",
            "from atelier.families.retrieval import model",
            "'engine' may not look into 'families'",
        ),
        ("atelier.engine.trainer", "from atelier import registry", "'engine' may not look into 'registry'"),
        ("atelier.families.retrieval.model", "import pandas", "bare GPU image, which has no 'pandas'"),
        ("atelier.serving.app", "def late():\n    import torch.nn", "'serving' must start without 'torch'"),
        (
            "atelier.serving.app",
            "from atelier.jobs.retrieval.exam import examine",
            "'serving' may not look into 'jobs'",
        ),
        ("atelier.jobs.retrieval.exam", "from flows.steps import step", "'jobs' may not look into 'flows'"),
        ("atelier.attic.box", "import os", "the room 'attic' is not in the plan"),
    ],
)
def test_a_wrong_door_is_named_with_its_room(module: str, line: str, message: str) -> None:
    messages = wrong_doors(list(imports_of(module, line, "example.py")))
    assert len(messages) >= 1
    assert any(message in each for each in messages), messages


def test_open_rooms_own_rooms_and_doors_of_the_plan_pass() -> None:
    source = (
        "import json\nfrom atelier import errors, pictures\nfrom atelier.serving import live\nimport fastapi"
    )
    assert wrong_doors(list(imports_of("atelier.serving.app", source, "example.py"))) == []


def test_a_circle_of_rooms_is_found_once() -> None:
    imports = [Import("a", "atelier.b.x", ""), Import("b", "atelier.c.x", ""), Import("c", "atelier.a.x", "")]
    assert cycles(imports) == ["a -> b -> c -> a"]


def test_reading_the_environment_is_found_and_passing_it_on_is_not() -> None:
    assert len(environment_readers("import os\nx = os.environ['A']\ny = os.getenv('B')", "example.py")) == 2
    assert environment_readers("import os\nos.environ.update({'A': 'b'})", "example.py") == []
