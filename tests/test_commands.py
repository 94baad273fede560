"""Every command is documented, quick to explain itself, and clean in what it prints."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from atelier.cli import app

ROOT = Path(__file__).parents[1]
REFERENCE = (ROOT / "docs" / "reference" / "commands.md").read_text()


def commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """(full name, command) of every command that does something, groups left out."""
    children = getattr(command, "commands", None)
    if children is None:
        yield name, command
        return
    for child_name, child in children.items():
        yield from commands(child, f"{name} {child_name}")


COMMANDS = dict(commands(typer.main.get_command(app), "atelier"))


def section_of(name: str) -> str | None:
    """The text beneath the heading of a command: '## `atelier data restore VERSION`'."""
    heading = rf"^## `{re.escape(name)}(?: [A-Z_\[\] ]+)?`$"
    found = re.search(rf"{heading}\n(.*?)(?=^## |\Z)", REFERENCE, re.MULTILINE | re.DOTALL)
    return found.group(1) if found else None


def run(*arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    """The command as a user starts it, in a workspace of its own."""
    return subprocess.run(
        [str(Path(sys.executable).parent / "atelier"), *arguments],
        env={"ATELIER_HOME": str(home), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_every_option_is_documented(name: str) -> None:
    section = section_of(name)
    assert section is not None, f"docs/reference/commands.md has no section '## `{name}`'"
    options = [
        option for parameter in COMMANDS[name].params for option in parameter.opts if option.startswith("--")
    ]
    missing = [option for option in options if option != "--help" and f"`{option}" not in section]
    assert missing == [], f"the section of `{name}` in docs/reference/commands.md says nothing of {missing}"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    assert (COMMANDS[name].help or "").strip().endswith(".")


def test_the_reference_documents_no_command_that_is_gone() -> None:
    documented = re.findall(r"^## `(atelier(?: [a-z]+)+)", REFERENCE, re.MULTILINE)
    assert sorted(documented) == sorted(COMMANDS)


def test_help_imports_no_large_library() -> None:
    source = "import sys, atelier.cli; print(*{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    large = {
        "torch",
        "numpy",
        "pyarrow",
        "pandas",
        "prefect",
        "mlflow",
        "lancedb",
        "fastapi",
        "pydantic",
        "PIL",
    }
    assert set(done.stdout.split()) & large == set()


def test_an_error_on_purpose_is_one_message_and_exit_code_1(tmp_path: Path) -> None:
    done = run("ingest", str(tmp_path / "nowhere"), home=tmp_path)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Error: " in done.stderr
    assert "nowhere" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_setting_is_named_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATELIER_SERVE_PORT", "seaside")
    done = subprocess.run(
        [str(Path(sys.executable).parent / "atelier"), "data", "list"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "ATELIER_SERVE_PORT" in done.stderr
    assert "'seaside'" in done.stderr


def test_json_on_standard_output_is_one_value_and_nothing_else(tmp_path: Path) -> None:
    done = run("release", "list", "--json", home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []


def test_searching_before_the_first_release_says_what_to_do(tmp_path: Path) -> None:
    photo_path = tmp_path / "photo.jpg"
    photo_path.write_bytes(b"never read")
    done = run("search", str(photo_path), home=tmp_path)
    assert done.returncode == 1
    assert "atelier retrain" in done.stderr
