"""Runs a command of `atelier` in this process, in a workspace of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from atelier.cli import app
from atelier.errors import AtelierError


def run(home: Path, *arguments: str) -> Result:
    """What the command printed; what Atelier raises on purpose is `result.exception`."""
    return CliRunner().invoke(app, list(arguments), env={"ATELIER_HOME": str(home), "COLUMNS": "200"})


def printed(home: Path, *arguments: str) -> Any:
    """The one JSON value that a command with `--json` prints on standard output."""
    result = run(home, *arguments, "--json")
    assert result.exit_code == 0, (result.output, result.exception)
    return json.loads(result.stdout)


def refusal(home: Path, *arguments: str) -> str:
    """The message of a command that is refused: as an error on purpose, or as a wrong argument."""
    result = run(home, *arguments)
    assert result.exit_code in {1, 2}, result.output
    if isinstance(result.exception, AtelierError):
        return str(result.exception)
    assert isinstance(result.exception, SystemExit), result.exception
    return result.stderr
