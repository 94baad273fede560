"""The tutorial's commands run, on fewer items and with the smallest networks."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text()
CHEAPER = {
    "--preset demo": "--preset debug",
    "--items 1000": "--items 200",
    "--items 100\n": "--items 10\n",
}
"""What the test runs in place of the tutorial's own words: seconds instead of minutes."""


def commands_of(text: str) -> str:
    """Every block marked `sh`, in order, as one script."""
    return "\n".join(re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))


def cheaper(script: str) -> str:
    for own, instead in CHEAPER.items():
        assert own in script, f"the tutorial no longer says '{own}'; change CHEAPER in {__file__}"
        script = script.replace(own, instead)
    return script


@pytest.mark.slow
@pytest.mark.timeout(900)  # about 80 s on two idle cores; a busy machine takes longer
def test_every_command_of_the_tutorial_runs(tmp_path: Path) -> None:
    script = "set -eu\n" + cheaper(commands_of(TUTORIAL))
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env=dict(os.environ) | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]

    home = tmp_path / "tutorial"
    history = (home / "releases" / "history.jsonl").read_text().splitlines()
    steps = [json.loads(line) for line in history if line]
    assert [step["why"] for step in steps] == ["promote", "promote", "rollback"]
    assert (home / "releases" / "live").read_text().strip() == steps[0]["release_id"], (
        "the first release is live again"
    )
    assert (home / "answer.png").read_bytes().startswith(b"\x89PNG")
    assert done.stdout.count("w0-000005") >= 2, "both outfits contain the item that was asked for"
