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
    *("document", "errors", "evidence", "files", "markdown", "matting", "pictures", "places", "precision"),
    *("progress", "telemetry", "vocabulary", "yaml12"),
}
"""Plain modules that any room may import."""

DOORS: dict[str, set[str]] = {
    **{room: set() for room in OPEN_TO_ALL},
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
    "cli": {
        *("settings", "jobs", "families", "lifecycle", "serving", "services"),
        *("release", "flows", "styling"),
    },
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
    *("torch", "torchvision", "accelerate", "timm", "transformers", "safetensors", "numpy", "PIL", "tqdm")
}
"""What training may import beside the standard library, so that a bare GPU image can train."""
EXPORT_LIBRARIES = {"onnx", "onnxruntime", "onnxscript"}
"""What families may import too. A bare image may lack it: what trains imports it late, for ONNX files."""
BARE_MODULES = ("atelier.lifecycle.train_pack", "families/*/presets.py", "families/*/training.py")
"""Modules, or patterns of their files, that run on a bare GPU image with all of ours that they import."""

STANDARD_LIBRARY = sys.stdlib_module_names


@dataclass(frozen=True)
class Import:
    """One import statement: of `module` ('atelier.index.build', 'torch.nn'), at `where`, in `room`."""

    room: str
    module: str
    where: str
    names: tuple[str, ...] = ()
    """What is imported from the module; may be modules too."""
    when: str = "start"
    """'start', 'late' (inside a function) or 'never' (for type checkers alone)."""

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
    for node, when in _timed(ast.parse(source)):
        place = f"{where}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Import):
            yield from (Import(room, alias.name, place, when=when) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = tuple(alias.name for alias in node.names)
            if node.module == "atelier":
                yield from (Import(room, f"atelier.{name}", place, when=when) for name in names)
            else:
                yield Import(room, node.module, place, names, when)


def _timed(node: ast.AST, when: str = "start") -> Iterator[tuple[ast.AST, str]]:
    """Every node below one, and when it runs; see `Import.when`."""
    for child in ast.iter_child_nodes(node):
        inner = when
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and when == "start":
            inner = "late"
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            inner = "never"
        yield child, inner
        yield from _timed(child, inner)


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
        and each.library not in BARE_GPU_IMAGE | EXPORT_LIBRARIES | STANDARD_LIBRARY
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


def bare_modules() -> list[str]:
    """The modules that `BARE_MODULES` names."""
    named = [name for name in BARE_MODULES if "/" not in name]
    for pattern in (name for name in BARE_MODULES if "/" in name):  # in order: every worker collects alike
        files = sorted((ROOT / "src" / "atelier").glob(pattern))
        assert files, f"no file is called {pattern}"
        named += [".".join(path.relative_to(ROOT / "src").with_suffix("").parts) for path in files]
    return named


@pytest.mark.parametrize("module", bare_modules())
def test_a_bare_gpu_image_has_all_that_trains_a_family(module: str) -> None:
    paths = dict(source_files())
    to_read, read = [module], set[str]()
    while to_read:
        name = to_read.pop()
        read.add(name)
        imports = imports_of(name, paths[name].read_text(), str(paths[name].relative_to(ROOT)))
        found = [each for each in imports if each.when != "never"]
        assert "\n".join(strangers_to_a_bare_image(found)) == "", f"{module} comes by here"
        inner = [f"{each.module}.{imported}" for each in found for imported in each.names]
        names = {*inner, *(each.module for each in found)}
        to_read += [each for each in names if each in paths and each not in read]
    followed = "atelier.engine.trainer" if module == BARE_MODULES[0] else "atelier.families.training"
    assert followed in read, "imports were followed"
    assert {room_of(name) for name in read} <= {
        *OPEN_TO_ALL,
        *TRAINING_ROOMS,
        "lifecycle",
        "datasets",
        "rules",
    }


def strangers_to_a_bare_image(imports: list[Import]) -> list[str]:
    """A sentence for each import that fails where only the training libraries are."""
    return [
        f"{each.where}: a bare GPU image has no '{each.library}'"
        for each in imports
        if each.target_room is None
        and each.library not in BARE_GPU_IMAGE | STANDARD_LIBRARY | {"atelier"}
        and not (each.library in EXPORT_LIBRARIES and each.when == "late")
    ]


@pytest.mark.parametrize(
    ("source", "is_strange"),
    [
        ("import torch, timm, json", False),
        ("import onnxruntime", True),
        ("def export():\n    import onnxruntime", False),
        ("class Session:\n    import onnxruntime", True),
        ("if TYPE_CHECKING:\n    import mlflow", False),
        ("def late():\n    import mlflow", True),
        ("try:\n    import pydantic\nexcept ImportError:\n    pass", True),
    ],
)
def test_what_a_bare_image_lacks_may_come_late_for_onnx_files_alone(source: str, is_strange: bool) -> None:
    imports = imports_of("atelier.families.outfit.export", source, "example.py")
    assert bool(strangers_to_a_bare_image([each for each in imports if each.when != "never"])) == is_strange


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
