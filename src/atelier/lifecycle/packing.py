"""What a network is trained on, as a value: made by `jobs.train`, or read from a pack on a bare GPU machine.

In a pack a value is a tree of dataclasses, dicts and tuples. Its arrays are `.npy` files, the rest is JSON;
nothing is pickled.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from atelier.errors import TrainingError
from atelier.families.retrieval.presets import RetrievalPreset
from atelier.families.retrieval.products import Labels, Products
from atelier.families.retrieval.validation import Validation
from atelier.lifecycle import checksums

PACK_FILE, ARRAYS_FOLDER = "pack.json", "arrays"
PACK_FORMAT = 1
"""Raise it when packs are written differently."""


@dataclass(frozen=True)
class Material:
    """What a retrieval network is trained on and judged by."""

    products: Products
    streets_M3HW: torch.Tensor
    validation: Validation


PACKED = (Material, Products, Labels, Validation)
"""The dataclasses that a pack may hold; one that is missing here cannot be packed."""
Node = Any
"""A value as JSON: {'array': file}, {'tensor': file}, {'type': name, 'fields': ...}, {'tuple': ...}, ..."""


class ArrayWriter:
    """Turns values into JSON nodes and writes their arrays into `folder`, equal ones once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._written: dict[str, str] = {}

    def node(self, value: object, name: str) -> Node:
        """`name`: what the value's arrays are called. TypeError: a kind of value that packs do not know."""
        if isinstance(value, torch.Tensor):
            return {"tensor": self._file(value.cpu().numpy(), name)}
        if isinstance(value, np.ndarray):
            return {"array": self._file(value, name)}
        if isinstance(value, PACKED):
            parts = {f.name: self.node(getattr(value, f.name), f"{name}.{f.name}") for f in fields(value)}
            return {"type": type(value).__name__, "fields": parts}
        if isinstance(value, Mapping):
            return {"dict": {key: self.node(each, f"{name}.{key}") for key, each in value.items()}}
        if isinstance(value, list | tuple):
            return {"tuple": [self.node(each, f"{name}.{index}") for index, each in enumerate(value)]}
        if value is None or isinstance(value, str | int | float | bool):
            return {"value": value}
        hint = "; name it in jobs.material.PACKED" if is_dataclass(value) else ""
        raise TypeError(f"{name}: a pack cannot hold a {type(value).__name__}{hint}")

    def _file(self, array: NDArray[Any], name: str) -> str:
        array = np.ascontiguousarray(array)
        content = hashlib.sha256(f"{array.dtype} {array.shape}".encode())
        content.update(array.reshape(-1).view(np.uint8).data)
        digest = content.hexdigest()
        if digest not in self._written:
            self._written[digest] = f"{name}.npy"
            np.save(self._folder / f"{name}.npy", array, allow_pickle=False)
        return self._written[digest]


def value_of(node: Node, folder: Path) -> Any:
    """The value that `ArrayWriter.node` wrote; arrays are mapped, writes to them stay in memory.

    TrainingError: the pack holds what this code does not know.
    """
    ((kind, content), *rest) = node.items()
    if kind in ("array", "tensor"):
        array = np.load(folder / Path(content).name, mmap_mode="c", allow_pickle=False)
        return torch.from_numpy(array) if kind == "tensor" else array
    if kind == "type":
        classes: dict[str, Any] = {each.__name__: each for each in PACKED}
        parts = dict(rest)["fields"]
        if content not in classes or parts.keys() != {field.name for field in fields(classes[content])}:
            names = ", ".join(parts)
            raise TrainingError(
                f"the pack holds a {content} with the fields {names}, which this code does not know. "
                f"Pack the data again with the code that trains it"
            )
        return classes[content](**{name: value_of(each, folder) for name, each in parts.items()})
    if kind == "dict":
        return {name: value_of(each, folder) for name, each in content.items()}
    if kind == "tuple":
        return tuple(value_of(each, folder) for each in content)
    return content


@dataclass(frozen=True)
class Pack:
    """A pack whose files were found to be those that were written."""

    folder: Path
    digest: str
    facts: dict[str, Any]

    @property
    def data_version(self) -> str:
        return str(self.facts["data_version"])

    def material(self, role: str) -> Material:
        """What the 'teacher' or the 'student' is trained on."""
        material: Material = value_of(self.facts["material"][role], self.folder / ARRAYS_FOLDER)
        return material

    def check_preset(self, preset: RetrievalPreset) -> None:
        """TrainingError: the pack was made for another preset, or for the same at another time."""
        packed = self.facts["preset"]
        if packed["name"] != preset.name:
            raise TrainingError(
                f"{self.folder} was packed for the preset '{packed['name']}', not '{preset.name}'"
            )
        if packed != json.loads(json.dumps(asdict(preset))):
            raise TrainingError(
                f"{self.folder} was packed by code whose preset '{preset.name}' differs from this one. "
                f"Train it with the code that packed it, or pack again"
            )


def read_pack(folder: Path) -> Pack:
    """Hash every file of a pack and open it. DigestError: a file changed. TrainingError: it is no pack."""
    digest = checksums.check(folder)
    if not (folder / PACK_FILE).is_file():
        raise TrainingError(f"{folder} is no pack: it has no {PACK_FILE}. `atelier pack retrieval` makes one")
    facts = json.loads((folder / PACK_FILE).read_text())
    if facts.get("format") != PACK_FORMAT:
        raise TrainingError(f"{folder} has format {facts.get('format')} (expected {PACK_FORMAT}). Pack again")
    return Pack(folder, digest, facts)
