"""Reads the questions of Polyvore Outfits: fill in the blank, and compatibility."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from atelier.datasets.files import Files
from atelier.datasets.layouts.layout import Folder, read_json
from atelier.datasets.layouts.polyvore import read_records
from atelier.datasets.layouts.polyvore_outfits import VARIANTS, pieces_of, recognises
from atelier.datasets.raw import Drop
from atelier.errors import DropError, PictureError

_QUESTIONS, _COMPATIBILITY = "fill_in_blank_test.json", "compatibility_test.txt"


@dataclass(frozen=True)
class FillInTheBlank:
    """An outfit with one piece taken out, and the pieces to choose it from; ids as an ingest gives them."""

    context: tuple[str, ...]
    candidates: tuple[str, ...]
    right: int
    """The candidate that was taken out, from 0."""


@dataclass(frozen=True)
class CompatibilitySet:
    """A real set of items, or a random one."""

    item_ids: tuple[str, ...]
    is_outfit: bool


@dataclass(frozen=True)
class OutfitProtocol:
    """The questions of one variant: fill in the blank by accuracy, compatibility by AUC."""

    name: str
    """'nondisjoint' or 'disjoint'."""
    questions: tuple[FillInTheBlank, ...]
    compatibility: tuple[CompatibilitySet, ...]
    broken_lines: tuple[str, ...] = ()
    """A sentence for each question that cannot be asked."""


def read_outfit_protocol(data_dir: Path, name: str) -> OutfitProtocol:
    """Read the test questions of `nondisjoint` or `disjoint`, of the release at `data_dir` or beneath it.

    ValueError: there is no such variant. DropError: the folder does not hold it, or nothing can be asked.
    """
    if name not in VARIANTS:
        raise ValueError(
            f"there is no variant {name!r} of Polyvore Outfits; expected {' or '.join(VARIANTS)}"
        )
    files = Files(data_dir)
    found = [folder for path in files.folders() if recognises(folder := Folder(path, files))]
    if len(found) != 1:
        raise DropError(
            f"{data_dir} holds Polyvore Outfits {len(found)} times; expected one folder with "
            f"polyvore_item_metadata.json and {name}/test.json"
        )
    folder = found[0]
    broken: list[str] = []
    items = _items_by_name(folder, name, broken)
    questions = tuple(_questions(folder, f"{name}/{_QUESTIONS}", items, broken))
    compatibility = tuple(_compatibility(folder, f"{name}/{_COMPATIBILITY}", items, broken))
    if not questions or not compatibility:
        raise DropError(
            f"{data_dir}: {name} has {len(questions)} questions and {len(compatibility)} sets to judge; "
            f"expected some of both. {next(iter(broken), 'No line is broken')}"
        )
    return OutfitProtocol(name, questions, compatibility, tuple(broken))


def protocols_in(data_dir: Path) -> list[OutfitProtocol]:
    """List every variant of Polyvore Outfits that the folder has questions for; none where it is no such
    folder.

    DropError: there are questions, but they cannot be read.
    """
    files = Files(data_dir)
    found = [folder for path in files.folders() if recognises(folder := Folder(path, files))]
    there = [name for name in VARIANTS for folder in found if folder.file(f"{name}/{_QUESTIONS}") is not None]
    return [read_outfit_protocol(data_dir, name) for name in there]


def _items_by_name(folder: Folder, variant: str, broken: list[str]) -> dict[str, str]:
    """Our id of the item of each piece, by the name that the questions call it: '199244701_1'."""
    items: dict[str, str] = {}
    rejected = Drop(variant)
    for where, record in read_records(folder, f"{variant}/test.json", "outfits", rejected):
        try:
            items |= pieces_of(record)
        except ValueError as error:
            broken.append(f"{where}: {error}")
    broken += [one.reason for one in rejected.rejected]
    return items


def _questions(
    folder: Folder, name: str, items: Mapping[str, str], broken: list[str]
) -> Iterator[FillInTheBlank]:
    file, records = read_json(folder, name)
    if not isinstance(records, list):
        raise DropError(f"{file.path} holds a {type(records).__name__}; expected a list of questions")
    for number, record in enumerate(records, start=1):
        try:
            yield _question(record, items)
        except ValueError as error:
            broken.append(f"{file.path}, question {number}: {error}")


def _question(record: Any, items: Mapping[str, str]) -> FillInTheBlank:
    record = record if isinstance(record, dict) else {}
    asked, answers = (_names(record, key) for key in ("question", "answers"))
    of_outfit = [_set_of(name) == _set_of(asked[0]) for name in answers]
    if sum(of_outfit) != 1:
        raise ValueError(f"{sum(of_outfit)} of the answers are of the outfit {_set_of(asked[0])}; expected 1")
    return FillInTheBlank(_resolved(asked, items), _resolved(answers, items), of_outfit.index(True))


def _compatibility(
    folder: Folder, name: str, items: Mapping[str, str], broken: list[str]
) -> Iterator[CompatibilitySet]:
    file = folder.file(name)
    if file is None:
        raise DropError(f"{folder.path / name} is missing; the sets to judge are in it")
    try:
        for number, line in enumerate(file.lines(), start=1):
            words = line.decode("utf-8-sig", errors="replace").split()
            if not words:
                continue
            label, *names = words
            try:
                if label not in {"0", "1"} or len(names) < 2:
                    raise ValueError("expected 0 or 1, then two or more pieces")
                yield CompatibilitySet(_resolved(names, items), label == "1")
            except ValueError as error:
                broken.append(f"{file.path}, line {number}: {error}")
    except PictureError as error:
        raise DropError(str(error)) from error


def _names(record: Mapping[str, Any], key: str) -> list[str]:
    names = record.get(key)
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise ValueError(f"{key} is {ascii(names)[:80]}; expected a list such as ['199244701_1']")
    return names


def _resolved(names: list[str], items: Mapping[str, str]) -> tuple[str, ...]:
    unknown = [name for name in names if name not in items]
    if unknown:
        raise ValueError(f"test.json has no piece {', '.join(unknown)[:80]}")
    return tuple(items[name] for name in names)


def _set_of(name: str) -> str:
    return name.partition("_")[0]
