"""Formats failures of a command's environment as one sentence: a full disk, a missing folder, a wrong name.

Mistakes in our own code are not for these sentences: they keep their traceback.
"""

from __future__ import annotations

import errno
import os
import re
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence

from atelier.cli.output import literal

_ADVICE = {
    errno.ENOENT: "make it first, or name another place",
    errno.EEXIST: "name another place, or take it away",
    errno.EISDIR: "a file was expected; name one",
    errno.ENOTDIR: "a folder was expected; name another place",
    errno.EACCES: "allow this user to read and write it, or name another place",
    errno.EPERM: "allow this user to read and write it, or name another place",
    errno.EROFS: "make it writable, or name another place",
    errno.ENOSPC: "free some space and call again",
    errno.EDQUOT: "free some space and call again",
    errno.ENAMETOOLONG: "name a shorter one",
    errno.EMFILE: "allow more open files (`ulimit -n`)",
    errno.ECONNREFUSED: "start what should answer there, or name another address",
}
_OF_A_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)
_RUST = re.compile(r"\(os error (\d+)\)")
"""How libraries written in Rust say errno in a message."""
_RUST_PLACE = re.compile(r", /\S+\.rs:\d.*")
"""Where in their source such a library noticed it."""
_MAX_SHOWN = 400


def sentence_for(error: BaseException) -> str | None:
    """Format a failure of the environment and its remedy; None for a mistake of our own."""
    for each in _causes(error):
        if isinstance(each, OSError):
            return _of_the_system(each)
        if isinstance(each, UnicodeError):
            return _of_text(each)
        if isinstance(each, sqlite3.OperationalError):
            return f"the database cannot be used: {each}; expected one that this user can read and write"
        if found := _RUST.search(str(each)):
            number = int(found.group(1))
            return _advised(f"{type(each).__name__}: {_first_line(each)}", number)
    return None


def wrong_argument(arguments: Sequence[str]) -> str | None:
    """Reject the first argument whose bytes are not UTF-8 and that names nothing on the disk."""
    for argument in arguments:
        if _is_text(argument) or os.path.lexists(argument):
            continue
        return (
            f"an argument is not UTF-8: '{literal(argument)}'; expected text in UTF-8 (see `locale`), or the "
            f"name of something on this disk"
        )
    return None


def _is_text(argument: str) -> bool:
    try:
        argument.encode()
    except UnicodeEncodeError:
        return False
    return True


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, and what its raisers say it came from."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__


def _of_the_system(error: OSError) -> str:
    names = [os.fsdecode(name) for name in (error.filename, error.filename2) if isinstance(name, str | bytes)]
    said = error.strerror or _first_line(error) or type(error).__name__
    if not names and error.errno in _OF_A_DISK:  # A write to an open file does not say which.
        names = [f"{_workspace()} or the disk of temporary files, {tempfile.gettempdir()}"]
    return _advised(f"{' -> '.join(names)}: {said}" if names else said, error.errno)


def _workspace() -> str:
    from atelier.settings import Settings

    try:
        return str(Settings().home)
    except ValueError:
        return "the workspace"


def _advised(said: str, number: int | None) -> str:
    advice = _ADVICE.get(number or 0)
    return f"{said}; {advice}." if advice else f"{said}."


def _of_text(error: UnicodeError) -> str:
    if isinstance(error, UnicodeEncodeError):
        return f"'{literal(error.object[:80])}' is not text: expected characters of UTF-8; name it anew."
    if isinstance(error, UnicodeDecodeError):
        return (
            f"expected UTF-8, seen the bytes {error.object[error.start : error.start + 8].hex(' ')} at "
            f"{error.start}; save the text anew in UTF-8."
        )
    return f"{_first_line(error)}; expected text in UTF-8."


def _first_line(error: BaseException) -> str:
    first = (str(error).strip().splitlines() or [""])[0]
    return _RUST_PLACE.sub("", first)[:_MAX_SHOWN]
