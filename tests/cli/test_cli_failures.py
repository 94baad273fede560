"""What the surroundings do to a command is one sentence on standard error, and nothing is half written."""

from __future__ import annotations

import errno
import os
import resource
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from atelier.cli.failures import sentence_for, wrong_argument

ATELIER = str(Path(sys.executable).parent / "atelier")


def run(*arguments: str | bytes, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ATELIER, *arguments],
        env={"ATELIER_HOME": str(home), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", **_python()}
        | environment,
        capture_output=True,
        encoding="utf-8",
        errors="backslashreplace",
        check=False,
    )


def _python() -> dict[str, str]:
    return {"PYTHONPATH": os.pathsep.join(sys.path)}


def require_sentence(done: subprocess.CompletedProcess[str], *parts: str, code: int = 1) -> None:
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert "Error: " in done.stderr
    for part in parts:
        assert part in done.stderr


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EACCES, errno.EROFS, errno.ENOSPC, errno.EISDIR])
def test_what_the_system_says_names_the_place_and_what_to_do(number: int) -> None:
    said = sentence_for(OSError(number, os.strerror(number), "/shop/data"))
    assert said is not None
    assert said.startswith(f"/shop/data: {os.strerror(number)}; ")


def test_a_full_disk_names_the_workspace_where_the_system_names_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATELIER_HOME", str(tmp_path))
    said = sentence_for(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
    assert said is not None and said.startswith(str(tmp_path))


def test_what_a_library_wraps_is_found_behind_it() -> None:
    wrapped = RuntimeError("could not log")
    wrapped.__cause__ = PermissionError(errno.EACCES, "Permission denied", "/shop/mlruns")
    assert "/shop/mlruns: Permission denied" in (sentence_for(wrapped) or "")
    assert "database" in (
        sentence_for(sqlite3.OperationalError("attempt to write a readonly database")) or ""
    )
    rust = RuntimeError(
        "LanceError(IO): /x: Read-only file system (os error 30), /home/runner/lance/io.rs:3:1"
    )
    assert sentence_for(rust) == (
        "RuntimeError: LanceError(IO): /x: Read-only file system (os error 30); "
        "make it writable, or name another place."
    )


@pytest.mark.parametrize("error", [KeyError("x"), ValueError("x"), AssertionError("x"), RuntimeError("x")])
def test_a_mistake_of_our_own_keeps_its_traceback(error: Exception) -> None:
    assert sentence_for(error) is None


def test_bytes_that_are_no_text_are_refused_unless_they_name_a_file(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.jpg")
    assert wrong_argument(["search", "--text", "café"]) is None
    assert "'caf\\xe9.jpg'" in (wrong_argument(["search", name]) or "")
    (tmp_path / name).write_bytes(b"")
    assert wrong_argument(["search", str(tmp_path / name)]) is None


@pytest.mark.parametrize("arguments", [("search", "--text", b"caf\xe9 dress"), ("feed", b"caf\xe9")])
def test_a_command_refuses_text_that_is_not_utf_8(tmp_path: Path, arguments: tuple[str | bytes, ...]) -> None:
    require_sentence(run(*arguments, home=tmp_path), "not UTF-8", "caf\\xe9", code=2)


def test_a_drop_whose_name_is_not_utf_8_is_refused_by_name(tmp_path: Path) -> None:
    drop_dir = tmp_path / os.fsdecode(b"drop-\xe9")
    drop_dir.mkdir()
    (drop_dir / "drop.json").write_text('{"layout": "atelier-drop", "version": 1}')
    (drop_dir / "items.csv").write_text("item_id,title,category\nA,Linen dress,Dresses\n")
    require_sentence(run("ingest", os.fsencode(drop_dir), home=tmp_path / "home"), "drop-\\xe9", "rename")


@pytest.mark.parametrize(
    ("command", "option"), [(("search", "--text", "red"), "--picture"), (("collage", "top=A"), "--out")]
)
@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("o.xyz", "expected a name that ends with .jpg"),
        ("none/o.png", "none: No such file"),
        ("file.png/o.png", "file.png: Not a directory"),
        ("folder.png", "folder.png: Is a directory"),
    ],
)
def test_a_picture_without_a_place_is_refused_before_any_work(
    tmp_path: Path, command: tuple[str, ...], option: str, target: str, said: str
) -> None:
    (tmp_path / "file.png").write_bytes(b"kept")
    (tmp_path / "folder.png").mkdir()
    require_sentence(run(*command, option, str(tmp_path / target), home=tmp_path / "home"), said)
    assert (tmp_path / "file.png").read_bytes() == b"kept"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file.png", "folder.png"]


@pytest.mark.parametrize(
    "arguments",
    [("ingest", "."), ("collect",), ("data", "verify", "x"), ("withdraw", "A", "--reason", "recall")],
)
def test_a_home_below_a_file_is_one_sentence(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "file").write_text("")
    require_sentence(run(*arguments, home=tmp_path / "file" / "home"))


def test_a_user_of_a_command_is_checked_as_over_http(tmp_path: Path) -> None:
    require_sentence(run("feed", "ann/", home=tmp_path), "without a space or a slash", code=2)
    require_sentence(
        run("outfit", "A", "--rules", "x", "--user", "", home=tmp_path), "without a space or a slash", code=2
    )


def test_a_terminal_that_lacks_characters_gets_their_numbers(tmp_path: Path) -> None:
    done = run("ingest", "初秋", home=tmp_path, PYTHONIOENCODING="latin-1")
    require_sentence(done, "\\u521d\\u79cb")


def _small_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))


def test_a_write_that_is_cut_short_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "sheet.png"
    target.write_bytes(b"old")
    code = (
        "import signal, sys, pathlib; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from atelier.files import write_whole\n"
        "write_whole(pathlib.Path(sys.argv[1]), bytes(5000))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(target)],
        preexec_fn=_small_files,
        env=_python(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"'{target}'" in done.stderr and "File too large" in done.stderr
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["sheet.png"]
