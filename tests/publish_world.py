"""A workspace that is ready to publish: an accepted catalogue of coloured pictures, and a champion.

The champion embeds a picture as its 4 x 4 mean colours, which tells random patchworks apart.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnx import helper
from tiny_networks import write_network

from atelier.datasets import store
from atelier.datasets.shards import write_shards
from atelier.families.retrieval.inference import EmbeddingContract
from atelier.pictures import encode_jpeg
from atelier.registry.signature import Signature, TensorSpec
from atelier.registry.store import open_registry
from atelier.settings import Settings
from atelier.versioning.version import DataVersion, record
from atelier.vocabulary import TABLES, Item, Photo

SIZE = 16
DIMENSION = 48
CATEGORIES = ("Dresses", "Jeans")
SIGNATURE = Signature(
    inputs=(TensorSpec("pixels", "float32", (-1, 3, SIZE, SIZE)),),
    outputs=(
        TensorSpec("recall", "float32", (-1, DIMENSION)),
        TensorSpec("relevance", "float32", (-1, DIMENSION)),
        TensorSpec("category_logits", "float32", (-1, len(CATEGORIES))),
        TensorSpec("label_logits", "float32", (-1, 0)),
    ),
)


def patchwork(number: int, side: int = 64) -> NDArray[np.uint8]:
    """A picture of 4 x 4 random colours, uint8 [side, side, 3]."""
    colours = np.random.default_rng(number).integers(0, 256, (4, 4, 3), np.uint8)
    return colours.repeat(side // 4, 0).repeat(side // 4, 1)


def accept_catalogue(settings: Settings, numbers: Sequence[int], side: int = 64) -> str:
    """Put a catalogue of these items into `data/` as a version; item 0 has no photo. Returns its digest."""
    pictures = {number: encode_jpeg(patchwork(number, side), quality=95) for number in numbers if number}
    digest_of = {number: hashlib.sha256(data).hexdigest() for number, data in pictures.items()}
    places = write_shards(
        settings.data_dir / "pictures", ((digest_of[number], data) for number, data in pictures.items())
    )
    items = [
        Item(f"{number:04d}", f"item {number}", CATEGORIES[number % 2], "test", split="train")
        for number in numbers
    ]
    photos = [
        replace(
            Photo(f"{number:04d}", f"{number:04d}", "catalogue", "test", width=side, height=side),
            sha256=digest_of[number],
            **asdict(places[digest_of[number]]),
        )
        for number in pictures
    ]
    rows: dict[str, list[object]] = {**{name: [] for name in TABLES}, "items": [*items], "photos": [*photos]}
    store.publish(settings.data_dir, rows, {})
    digest = hashlib.md5(repr(rows).encode()).hexdigest()
    pointer = f"outs:\n- md5: {digest}.dir\n"
    record(settings, DataVersion(digest, f"{len(numbers)}", "test", {}, {}, 0, 0, pointer, None))
    settings.data_pointer_path.write_text(pointer)
    return digest


def crown(settings: Settings, folder: Path, scale: float = 1.0, blind: int = 0) -> str:
    """Register a model and make it the champion; another `scale` is another model. Returns its digest.

    With `blind` of its DIMENSION numbers left out, it also answers differently, and worse.
    """
    folder.mkdir()
    contract = write_student(folder / "student.onnx", scale, blind)
    (folder / "contract.json").write_text(contract.to_json())
    registry = open_registry(settings)
    key = hashlib.sha256(f"{scale} {blind}".encode()).hexdigest()
    with registry.start_run("distill", key, {}) as tracker:
        pass
    version = registry.register(
        "retrieval",
        folder,
        tracker.ref,
        signature=SIGNATURE,
        input_example={"pixels": np.full((1, 3, SIZE, SIZE), 0.25, np.float32)},
        card="# Patchwork\n",
        tags={},
    )
    registry.set_alias("retrieval", "champion", version.version)
    return version.files_digest


def write_student(path: Path, scale: float, blind: int = 0, turned: bool = False) -> EmbeddingContract:
    """A `blind` one does not see so many of the colours; a `turned` one takes every other upside down."""
    nodes = [
        helper.make_node("AveragePool", ["pixels"], ["pooled"], kernel_shape=[4, 4], strides=[4, 4]),
        helper.make_node("Flatten", ["pooled"], ["colours"]),
        helper.make_node("Sub", ["colours", "grey"], ["centred"]),
        helper.make_node("Mul", ["centred", "seen"], ["kept"]),
        helper.make_node("LpNormalization", ["kept"], ["vector"], axis=1, p=2),
        helper.make_node("MatMul", ["vector", "weight"], ["category_logits"]),
    ]
    constants = {
        "grey": 0.48,
        "seen": [(-1.0) ** (turned * place) * (place < DIMENSION - blind) for place in range(DIMENSION)],
        "weight": np.full((DIMENSION, len(CATEGORIES)), scale),
    }
    return write_network(path, nodes, constants, size=SIZE, dimension=DIMENSION, categories=CATEGORIES)
