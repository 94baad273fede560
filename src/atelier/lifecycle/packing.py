"""Serialises the material of a training, a tree of dataclasses, dicts and tuples, for other machines.

Arrays are `.npy` files, the rest is JSON; nothing is pickled.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, fields, is_dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from atelier.errors import TrainingError
from atelier.families.training import TrainingPlan, training_plan
from atelier.lifecycle import checksums

PACK_FILE, ARRAYS_FOLDER = "pack.json", "arrays"
PACK_FORMAT = 2
"""Raise it when packs are written differently."""
Node = Any
"""A value as JSON: {'array': file}, {'tensor': file}, {'type': name, 'fields': ...}, {'tuple': ...}, ..."""


class ArrayWriter:
    """Converts values to JSON nodes and writes their arrays into a folder, equal ones once."""

    def __init__(self, folder: Path, packable: Sequence[type]) -> None:
        """`packable`: the dataclasses and named tuples that values may consist of."""
        self._folder = folder
        self._packable = tuple(packable)
        self._written: dict[str, str] = {}

    def node(self, value: object, name: str) -> Node:
        """Describe a value; `name` is the prefix of its arrays' files. TypeError: packs do not know its
        type.
        """
        if isinstance(value, torch.Tensor):
            return {"tensor": self._file(value.cpu().numpy(), name)}
        if isinstance(value, np.ndarray):
            return {"array": self._file(value, name)}
        if isinstance(value, self._packable):
            names = _names_of(type(value))
            parts = {part: self.node(getattr(value, part), f"{name}.{part}") for part in names}
            return {"type": type(value).__name__, "fields": parts}
        if isinstance(value, Mapping):
            return {"dict": {str(key): self.node(each, f"{name}.{key}") for key, each in value.items()}}
        if isinstance(value, list | tuple) and not all(isinstance(each, int) for each in value):
            return {"tuple": [self.node(each, f"{name}.{index}") for index, each in enumerate(value)]}
        return self._leaf(value, name)

    def _leaf(self, value: object, name: str) -> Node:
        if isinstance(value, datetime):
            return {"datetime": value.isoformat()}
        if isinstance(value, Set):
            return {"set": sorted(value)}
        if value is None or isinstance(value, str | int | float | bool | list | tuple):
            return {"value": value}
        hint = "; name it in `packable` of its family's plan" if is_dataclass(value) else ""
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


def value_of(node: Node, folder: Path, packable: Sequence[type]) -> Any:
    """Read the value that `ArrayWriter.node` wrote; arrays are mapped, writes to them stay in memory.

    TrainingError: the pack holds what this code does not know.
    """
    ((kind, content), *rest) = node.items()
    if kind in ("array", "tensor"):
        array = np.load(folder / Path(content).name, mmap_mode="c", allow_pickle=False)
        return torch.from_numpy(array) if kind == "tensor" else array
    if kind == "type":
        return _instance(content, dict(rest)["fields"], folder, packable)
    if kind == "dict":
        return {name: value_of(each, folder, packable) for name, each in content.items()}
    if kind == "tuple":
        return tuple(value_of(each, folder, packable) for each in content)
    leaves: dict[str, Callable[[Any], Any]] = {"datetime": datetime.fromisoformat, "set": frozenset}
    return leaves[kind](content) if kind in leaves else content


def _instance(name: str, parts: Mapping[str, Node], folder: Path, packable: Sequence[type]) -> Any:
    classes = {each.__name__: each for each in packable}
    if name not in classes or parts.keys() != set(_names_of(classes[name])):
        raise TrainingError(
            f"the pack holds a {name} with the fields {', '.join(parts)}, which this code does not know. "
            f"Pack the data again with the code that trains it"
        )
    return classes[name](**{part: value_of(each, folder, packable) for part, each in parts.items()})


def _names_of(kind: Any) -> list[str]:
    """The fields of a dataclass or of a named tuple."""
    if is_dataclass(kind):
        return [field.name for field in fields(kind) if field.init]
    return list(kind._fields)


@dataclass(frozen=True)
class Pack:
    """A pack whose files match their checksums."""

    folder: Path
    digest: str
    contents: dict[str, Any]

    @property
    def family(self) -> str:
        return str(self.contents["family"])

    @property
    def data_version(self) -> str:
        return str(self.contents["data_version"])

    @property
    def plan(self) -> TrainingPlan:
        """Return the training plan of its family. TrainingError: this code knows no such family."""
        return training_plan(self.family)

    def material(self, role: str) -> Any:
        """Read the material of the stage of a role."""
        return value_of(self.contents["material"][role], self.folder / ARRAYS_FOLDER, self.plan.packable)

    def check_preset(self, preset: Any) -> None:
        """Check the preset. TrainingError: the pack was made for another one, or for the same at another
        time.
        """
        packed = self.contents["preset"]
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
        raise TrainingError(f"{folder} is no pack: it has no {PACK_FILE}. `atelier pack` makes one")
    contents = json.loads((folder / PACK_FILE).read_text())
    if contents.get("format") != PACK_FORMAT:
        raise TrainingError(
            f"{folder} has format {contents.get('format')} (expected {PACK_FORMAT}). Pack again"
        )
    return Pack(folder, digest, contents)
