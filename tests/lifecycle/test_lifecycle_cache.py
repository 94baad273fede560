"""Work that is done once: a folder is made whole or not at all, and results keep the order of their tasks."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from atelier.lifecycle.cache import in_threads, kept_folder


def write(folder: Path) -> None:
    (folder / "file").write_text("whole")


def refuse(folder: Path) -> None:
    raise AssertionError(f"{folder} is there already")


def test_a_folder_is_made_at_the_first_call_alone(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "kept"
    assert kept_folder(folder, write) == folder
    assert (kept_folder(folder, refuse) / "file").read_text() == "whole"
    assert [path.name for path in folder.parent.iterdir()] == ["kept"]


def test_an_interrupted_attempt_is_not_taken_for_the_folder(tmp_path: Path) -> None:
    def killed(folder: Path) -> None:
        (folder / "half").write_text("")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kept_folder(tmp_path / "kept", killed)
    assert not (tmp_path / "kept").exists()
    kept_folder(tmp_path / "kept", write)
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["file"]


def test_of_two_processes_the_first_ones_folder_stays(tmp_path: Path) -> None:
    def overtaken(folder: Path) -> None:
        write(folder)
        (tmp_path / "kept").mkdir()
        (tmp_path / "kept" / "file").write_text("the other's")

    assert (kept_folder(tmp_path / "kept", overtaken) / "file").read_text() == "the other's"
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_a_folder_that_cannot_be_put_in_its_place_is_an_error(tmp_path: Path) -> None:
    def gone(folder: Path) -> None:
        folder.rmdir()

    with pytest.raises(FileNotFoundError):
        kept_folder(tmp_path / "kept", gone)


def test_results_come_in_the_order_of_tasks_from_several_threads() -> None:
    threads = set()

    def work(number: int) -> int:
        threads.add(threading.get_ident())
        time.sleep(0.002 * (5 - number))
        return number * number

    assert in_threads(work, range(5), "squares", progress=False) == [0, 1, 4, 9, 16]
    assert threading.get_ident() not in threads


def test_an_error_in_a_thread_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        in_threads(lambda number: 1 / number, [1, 0], "shares", progress=False)
