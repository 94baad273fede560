"""A shop small enough to know by heart: twelve garments, a network that sees only colour, real releases.

The network's embedding is the mean colour of each quarter of the picture, so that the right answer to every
query is known; everything around it (index, manifest, pointer) is the real thing.
"""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from onnx import helper
from PIL import Image
from tiny_networks import write_network
from toy_detector import write_toy_detector

from atelier.families.detection import inference as detection
from atelier.families.retrieval.inference import (
    CONTRACT_FILE,
    MODEL_FILE,
    TEXT_FILE,
    EmbeddingContract,
    Encoder,
)
from atelier.index.build import build
from atelier.index.schema import Embedded, IndexItem
from atelier.index.verify import verify
from atelier.release.manifest import ModelFiles, Release
from atelier.release.store import promote, stage
from atelier.settings import Settings
from atelier.vocabulary import Item

SIZE = 8
CATEGORIES = ("Tshirts", "Handbags", "Jeans")
SHADES = (255, 205, 155, 105)
Pixels = NDArray[np.uint8]


def garment(category: str, shade: int, height: int = 40, width: int = 30) -> Pixels:
    """Tshirts are red, handbags green, jeans blue; a paler one has more white in its lower half."""
    pixels = np.full((height, width, 3), 255, np.uint8)
    colour = np.zeros(3, np.uint8)
    colour[CATEGORIES.index(category)] = 255
    pixels[: height // 2] = colour
    pixels[height // 2 :] = np.maximum(colour, 255 - shade)
    return pixels


def encoded(pixels: Pixels, kind: str = "PNG") -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind)
    return stream.getvalue()


ITEMS = [
    Item(
        item_id=f"{category[0]}/{number}",  # a slash, so that ids are quoted in addresses
        title=f"{category} number {number}",
        category=category,
        source="test",
        gender=("Women", "Men")[number % 2],
        price=10.0 * (number + 1),
        rating=4.5,
        num_reviews=7,
        stock=number,
    )
    for category in CATEGORIES
    for number in range(len(SHADES))
]
PICTURES = {
    item.item_id: garment(item.category, SHADES[index % len(SHADES)]) for index, item in enumerate(ITEMS)
}


def write_colour_model(path: Path, sharpness: float = 20.0) -> EmbeddingContract:
    """Write the network that the docstring above describes; `sharpness` makes one differ from another."""
    nodes = [
        helper.make_node("AveragePool", ["pixels"], ["quarters"], kernel_shape=[4, 4], strides=[4, 4]),
        helper.make_node("Flatten", ["quarters"], ["flat"]),
        helper.make_node("LpNormalization", ["flat"], ["vector"], axis=1, p=2),
        helper.make_node("GlobalAveragePool", ["pixels"], ["mean"]),
        helper.make_node("Flatten", ["mean"], ["colour"]),
        helper.make_node("Mul", ["colour", "sharpness"], ["category_logits"]),
    ]
    constants = {"sharpness": sharpness}
    return write_network(path, nodes, constants, size=SIZE, dimension=12, categories=CATEGORIES)


def embed_with(encoder: Encoder) -> Callable[[Sequence[str]], Embedded]:
    """The index's seam: digests of our twelve pictures in, vectors and thumbnails out."""
    by_digest = {picture_digest(item.item_id): PICTURES[item.item_id] for item in ITEMS}

    def embed(digests: Sequence[str]) -> Embedded:
        pixels = [by_digest[digest] for digest in digests]
        said = encoder.encode(pixels)
        thumbnails = [encoded(picture, "JPEG") for picture in pixels]
        return Embedded(said.embedding, thumbnails, said.relevance)

    return embed


def picture_digest(item_id: str) -> str:
    return hashlib.sha256(encoded(PICTURES[item_id])).hexdigest()


def publish(
    settings: Settings, data_version: str, sharpness: float = 20.0, *, with_detector: bool = False
) -> Release:
    """Prepare a release and make it live, as the jobs do."""
    return promote(
        settings, prepare_release(settings, data_version, sharpness, with_detector=with_detector).release_id
    )


def prepare_release(
    settings: Settings, data_version: str, sharpness: float = 20.0, *, with_detector: bool = False
) -> Release:
    """Write a model, build and verify its index, and stage both, with the toy detector where it is wanted."""
    with TemporaryDirectory() as folder:
        names: tuple[str, ...] = (MODEL_FILE, TEXT_FILE, CONTRACT_FILE)
        files = {f"retrieval/{name}": Path(folder) / name for name in names}
        model_path = Path(folder) / MODEL_FILE
        contract = write_colour_model(model_path, sharpness)
        models = {"retrieval": ModelFiles("retrieval", 1, contract.model_digest)}
        if with_detector:
            models["detection"] = ModelFiles("detection", 1, write_toy_detector(Path(folder)).model_digest)
            own = (detection.MODEL_FILE, detection.CONTRACT_FILE)
            files |= {f"detection/{name}": Path(folder) / name for name in own}
        (Path(folder) / CONTRACT_FILE).write_text(contract.to_json())
        version = build(
            settings,
            [IndexItem(item, picture_digest(item.item_id)) for item in ITEMS],
            embed_with(Encoder(model_path, contract, threads=1)),
            contract_json=contract.space_json(),
            data_version=data_version,
            progress=False,
        ).version
        return stage(
            settings,
            data_version=data_version,
            models=models,
            index=version,
            verification=verify(settings, version, Counter(item.category for item in ITEMS)),
            files=files,
        )
