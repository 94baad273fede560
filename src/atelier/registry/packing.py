"""A folder of files made into an MLflow model: `MLmodel`, signature, input example, requirements, card."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from atelier.errors import RegistryError
from atelier.registry.cards import files_section
from atelier.registry.digests import digests_of
from atelier.registry.signature import Signature

CARD = "card.md"
_WRITTEN_HERE = {"MLmodel", "requirements.txt", "input_example.json", "serving_input_example.json"}
_PICKLES = {".pkl", ".pickle", ".joblib", ".pt", ".pt2", ".pth", ".bin", ".ckpt"}


@dataclass(frozen=True)
class Package:
    """The files and descriptions of a model version."""

    files_dir: Path
    served: str
    """The ONNX file that answers."""
    signature: Signature
    input_example: Mapping[str, np.ndarray]
    card: str
    """Markdown; the digests of the files are added to it."""


def pack(package: Package, model_dir: Path) -> None:
    """Copy the files to the new folder `model_dir` and add the files that MLflow needs to serve them.

    The served file is run once on the input example, so that what cannot be served is never registered:
    RegistryError says what did not fit.
    """
    from mlflow import pyfunc
    from mlflow.models import Model
    from mlflow.models.utils import _save_example

    _check_files(package.files_dir, package.served)
    shutil.copytree(package.files_dir, model_dir)
    (model_dir / CARD).write_text(_card(package), encoding="utf-8")
    requirements = [f"{name}=={version(name)}" for name in ("mlflow", "onnx", "onnxruntime", "numpy")]
    (model_dir / "requirements.txt").write_text("\n".join(requirements) + "\n", encoding="utf-8")
    model = Model(signature=package.signature.to_mlflow())
    _save_example(model, dict(package.input_example), str(model_dir))
    pyfunc.add_to_model(model, loader_module="mlflow.onnx", data=package.served)
    model.add_flavor(
        "onnx", onnx_version=version("onnx"), data=package.served, providers=["CPUExecutionProvider"]
    )
    model.save(str(model_dir / "MLmodel"))
    _try(package, model_dir)


def _card(package: Package) -> str:
    digests = {name: digest for name, digest in digests_of(package.files_dir).items() if name != CARD}
    return f"{package.card.rstrip()}\n\n{files_section(digests)}\n"


def _check_files(files_dir: Path, served: str) -> None:
    """Raise RegistryError for a folder without the served file, with a pickle, or with a reserved name."""
    names = {path.relative_to(files_dir).as_posix() for path in files_dir.rglob("*") if path.is_file()}
    if served not in names:
        raise RegistryError(f"{files_dir} has no {served}, the file to be served; it holds {sorted(names)}")
    if taken := names & _WRITTEN_HERE:
        raise RegistryError(
            f"{files_dir} holds {sorted(taken)}, names that the registry writes itself; rename them"
        )
    for name in sorted(names):
        if _may_be_pickled(files_dir / name):
            raise RegistryError(
                f"{files_dir / name} is, or may be, a pickle, which runs code when it is read; "
                f"save weights as safetensors or ONNX, and facts as JSON"
            )


def _may_be_pickled(path: Path) -> bool:
    """By its suffix, or by the opcode PROTO and a protocol of 2 to 5 that every modern pickle begins with."""
    if path.suffix in _PICKLES:
        return True
    with path.open("rb") as file:
        head = file.read(2)
    return head[:1] == b"\x80" and head[1:] in (b"\x02", b"\x03", b"\x04", b"\x05")


def _try(package: Package, model_dir: Path) -> None:
    from mlflow import pyfunc

    try:
        outputs: Any = pyfunc.load_model(str(model_dir)).predict(dict(package.input_example))
        package.signature.check_outputs(outputs)
    except Exception as error:
        raise RegistryError(f"the model cannot be served as its signature says: {error}") from error
