"""Rows of a CSV or Parquet file as dictionaries, read so that one broken row costs that row alone."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from atelier.datasets.files import File
from atelier.errors import DropError, PictureError

_LARGEST_CELL = 100_000
"""Characters; no column of ours holds more, and a quote that was never closed does."""


@dataclass
class Records:
    """The readable rows of a table, and its rejected ones."""

    columns: tuple[str, ...]
    rows: list[dict[str, Any]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    """Of CSV: the line that each row begins in, from 1."""
    broken: list[tuple[dict[str, Any], str]] = field(default_factory=list)
    """What there is of each broken row, and why it is broken."""


def read_csv(file: File, required: Sequence[str], overflow: str | None = None) -> Records:
    """Read UTF-8 CSV with a header; a value is always text, empty where the cell is.

    `overflow` names the column that takes the extra cells of a row whose text holds unquoted commas. Raises
    DropError where the file as a whole is no such table; a row with too few or too many cells, with bytes
    that are not UTF-8 or with an endless cell is broken on its own.
    """
    lines = _lines(file)
    records = _split(lines)
    header = next(records, None)
    if header is None:
        raise DropError(f"{file.path} is empty; expected a header with the columns {', '.join(required)}")
    columns = tuple(cell.strip() for cell in header[1] or ())
    _check_columns(file, columns, required)
    result = Records(columns)
    for line, cells in records:
        reason = _fault(cells, columns, overflow)
        if reason is not None or cells is None:
            shown = dict(zip(columns, cells or [lines[line].strip()], strict=False))
            result.broken.append((shown, f"{file.path}, line {line + 1}: {reason}"))
        else:
            result.rows.append(dict(zip(columns, _joined(cells, columns, overflow), strict=True)))
            result.lines.append(line + 1)
    return result


def read_parquet(file: File, required: Sequence[str]) -> Records:
    """Read a Parquet file into rows of plain Python values; one with a value that Python has not is broken.

    Raises DropError where it is no Parquet file.
    """
    try:
        table = pq.read_table(pa.BufferReader(_bytes(file)))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DropError(f"{file.path} is not a Parquet file we can read: {error}") from error
    _check_columns(file, table.column_names, required)
    result = Records(tuple(table.column_names))
    columns = [_values(column) for column in table.columns]
    for number, values in enumerate(zip(*columns, strict=True), start=1):
        row = dict(zip(result.columns, values, strict=True))
        faults = [f"{name} {value.reason}" for name, value in row.items() if isinstance(value, _Unreadable)]
        if faults:
            shown = {name: value for name, value in row.items() if not isinstance(value, _Unreadable)}
            result.broken.append((shown, f"{file.path}, row {number}: {'; '.join(faults)}"))
        else:
            result.rows.append(row)
    return result


def table_of(file: File, required: Sequence[str]) -> Records:
    """Read a table by its suffix, `.csv` or `.parquet`."""
    return read_parquet(file, required) if file.path.suffix == ".parquet" else read_csv(file, required)


@dataclass(frozen=True)
class _Unreadable:
    """Stands for a value that cannot be made one of Python's."""

    reason: str


def _values(column: pa.ChunkedArray) -> list[Any]:
    """The column's values; where one cannot be read, each is tried by itself."""
    try:
        return list(column.to_pylist())
    except Exception:  # an untrusted value makes Arrow raise whatever Python's type raises
        return [_value(scalar) for scalar in column]


def _value(scalar: pa.Scalar) -> Any:
    try:
        return scalar.as_py()
    except UnicodeDecodeError as error:
        return _Unreadable(f"holds bytes that are not UTF-8: {ascii(error.object)[:80]}")
    except Exception as error:  # as above: OverflowError of a date, KeyError of a time zone
        return _Unreadable(f"holds a {scalar.type} that cannot be read: {error}")


def _bytes(file: File) -> bytes:
    try:
        return file.read()
    except PictureError as error:
        raise DropError(str(error)) from error


def _lines(file: File) -> list[str]:
    """The file's lines with their ends. Bytes that are not UTF-8 become lone surrogates, found later."""
    data = _bytes(file)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DropError(f"{file.path} is written in UTF-16; expected UTF-8. Save it again as UTF-8")
    return list(io.StringIO(data.decode("utf-8-sig", errors="surrogateescape"), newline=""))


def _split(lines: list[str]) -> Iterator[tuple[int, list[str] | None]]:
    """(index of its first line, cells) of each record that is not blank; None for one that cannot be split.

    A record that swallowed several lines into an endless cell is given up after its first line, and reading
    goes on with the second: an unclosed quote must not take the rows after it along.
    """
    start = 0
    width = 0
    while start < len(lines):
        reader = csv.reader(_from(lines, start), strict=True)
        first = start
        for cells in _until_error(reader):
            end = start + reader.line_num
            swallowed = cells is None or (end - first > 1 and width and len(cells) != width)
            if swallowed:
                yield first, None
                start = first + 1
                break
            width = width or len(cells or ())
            if cells:
                yield first, cells
            first = end
        else:
            return


def _from(lines: list[str], start: int) -> Iterator[str]:
    return (lines[index] for index in range(start, len(lines)))


def _until_error(reader: Iterator[list[str]]) -> Iterator[list[str] | None]:
    """The reader's records, and None where it gives up."""
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield None
            return


def _check_columns(file: File, columns: Sequence[str], required: Sequence[str]) -> None:
    missing = [column for column in required if column not in columns]
    if missing:
        seen = ascii(", ".join(columns))[:200]
        raise DropError(f"{file.path} has no column {', '.join(missing)}; its columns are: {seen}")
    twice = sorted({column for column in columns if list(columns).count(column) > 1})
    if twice:
        raise DropError(f"{file.path} has the column {ascii(', '.join(twice))[:200]} more than once")


def _fault(cells: list[str] | None, columns: Sequence[str], overflow: str | None) -> str | None:
    if cells is None:
        return "a quote is not closed or stands in the middle of a cell, or a cell is endless"
    if len(cells) < len(columns) or (len(cells) > len(columns) and overflow is None):
        return f"{len(cells)} cells; expected {len(columns)}"
    if any(len(cell) > _LARGEST_CELL for cell in cells):
        return f"a cell of more than {_LARGEST_CELL:,} characters"
    return None


def _joined(cells: list[str], columns: Sequence[str], overflow: str | None) -> list[str]:
    extra = len(cells) - len(columns)
    if extra == 0 or overflow is None:
        return cells
    at = columns.index(overflow)
    return [*cells[:at], ",".join(cells[at : at + extra + 1]), *cells[at + extra + 1 :]]
