"""Retrieval without training code: picture -> frame -> square -> embedding and categories, on ONNX Runtime.

Serving, the index jobs and the evaluation all come through here, so that a query and the catalogue are
prepared in the same way. NumPy, Pillow and ONNX Runtime are all it needs.

B = batch, S = image size, K = recall vector, D = relevance vector, C = categories, L = labels
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from atelier.errors import EmbeddingContractError, QueryError
from atelier.families.contract import Contract
from atelier.families.onnx_file import open_session
from atelier.families.retrieval.framing import frame
from atelier.families.retrieval.tokens import token_ids
from atelier.vocabulary import Box

PREPROCESSING = "frame-square-bilinear-1"
"""The name of what `crop` and `prepare` do. A change needs a new name: old vectors no longer fit."""
METRIC = "cosine"
MODEL_FILE, TEXT_FILE, CONTRACT_FILE = "student.onnx", "text.onnx", "contract.json"
"""Their names in a model version and in a release."""
INPUT, TEXT_INPUT = "pixels", "tokens"
OUTPUTS = ("recall", "relevance", "category_logits", "label_logits")
TEXT_OUTPUTS = ("recall", "relevance")


@dataclass(frozen=True)
class EmbeddingContract(Contract):
    """The properties that a model and an index must share for their vectors to be comparable.

    It lies as `CONTRACT_FILE` beside the model and in the metadata of every index built with it.
    """

    description: ClassVar[str] = "an embedding contract"
    error: ClassVar = EmbeddingContractError
    model_digest: str
    """sha256 of the image tower's ONNX file, hexadecimal."""
    text_digest: str
    """The same of the text tower's."""
    image_size: int
    """Side of the square that the network sees, in pixels."""
    dimension: int
    """Length of a recall vector: what everything is searched by."""
    relevance_dimension: int
    """Length of a relevance vector: what the best finds are put in order by."""
    num_buckets: int
    """Numbers that the tokens of a text are hashed to."""
    categories: tuple[str, ...]
    """Names of the category logits, in their order: article types of the catalogue."""
    labels: tuple[str, ...] = ()
    """Names of the label logits: coarse labels of shoppers' photos."""
    space: str = ""
    """Name of the space that the vectors belong to; empty: that of this very model. A student that was shown
    to find the items that another model embedded carries that one's space (`jobs.compatibility`)."""
    preprocessing: str = PREPROCESSING
    metric: str = METRIC

    @cached_property
    def digest(self) -> str:
        """Hash `space_json` (sha256): equal digests mean comparable vectors."""
        return hashlib.sha256(self.space_json().encode()).hexdigest()

    @property
    def space_name(self) -> str:
        """Name of the space in which the vectors are comparable."""
        return self.space or f"{self.model_digest} {self.text_digest}"

    def space_json(self) -> str:
        """Serialise the space and the form of the vectors, without the model that made them."""
        shared = {
            "space": self.space_name,
            "dimension": self.dimension,
            "relevance_dimension": self.relevance_dimension,
            "preprocessing": self.preprocessing,
            "metric": self.metric,
        }
        return json.dumps(shared, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> dict[str, Any]:
        """See `Contract`."""
        return fields | {name: tuple(fields[name]) for name in ("categories", "labels")}


@dataclass(frozen=True)
class Encoded:
    """The network's outputs for B pictures."""

    embedding: NDArray[np.float32]
    """[B, K], unit rows: the recall vectors."""
    relevance: NDArray[np.float32]
    """[B, D], unit rows."""
    category_probability: NDArray[np.float32]
    """[B, C], rows sum to one; columns as in the contract's `categories`."""
    label_probability: NDArray[np.float32]
    """[B, L], the same for the contract's `labels`."""

    def apart(self, sizes: Sequence[int]) -> list[Self]:
        """Split the outputs by the sizes of several batches, which add up to B."""
        ends = np.cumsum(sizes).tolist()
        columns = [getattr(self, field.name) for field in fields(self)]
        parts = zip([0, *ends[:-1]], ends, strict=True)
        return [type(self)(*(column[start:end] for column in columns)) for start, end in parts]

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Join the outputs of several batches."""
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))


class EncodedText(NamedTuple):
    """The network's outputs for B texts, comparable with those for pictures."""

    embedding: NDArray[np.float32]
    """[B, K], unit rows."""
    relevance: NDArray[np.float32]
    """[B, D], unit rows."""


class Encoder:
    """The served student: pictures in, unit vectors and category probabilities out. Safe to share by threads.

    Loading verifies the file against `contract.model_digest` and runs one grey picture through it, so that
    an Encoder that exists works. `threads` is what one call may use.
    DigestError: the file is another one. EmbeddingContractError: the file does not do what the contract says.
    """

    def __init__(self, onnx_path: Path, contract: EmbeddingContract, threads: int = 2) -> None:
        self.contract = contract
        self._session = open_session(onnx_path, contract.model_digest, threads, EmbeddingContractError)
        self._check(onnx_path)

    def encode(
        self, pictures: Sequence[NDArray[np.uint8]], boxes: Sequence[Box | None] | None = None
    ) -> Encoded:
        """Frame and embed upright RGB pictures, uint8 [H, W, 3] each, of any sizes.

        `boxes` says where the item of each is. One batch: the caller bounds B.
        QueryError: a box lies outside its picture.
        """
        S = self.contract.image_size
        prepared = [
            prepare(crop(picture, box), S)
            for picture, box in zip(pictures, boxes or [None] * len(pictures), strict=True)
        ]
        return self.encode_prepared(np.stack(prepared) if prepared else np.zeros((0, 3, S, S), np.float32))

    def encode_prepared(self, pixels_B3SS: NDArray[np.float32]) -> Encoded:
        """Embed stacked outputs of `prepare` on `crop`: float32 [B, 3, S, S] in 0..1."""
        contract = self.contract
        if len(pixels_B3SS) == 0:
            sizes = (
                *(contract.dimension, contract.relevance_dimension),
                *(len(contract.categories), len(contract.labels)),
            )
            return Encoded(*(np.zeros((0, size), np.float32) for size in sizes))
        recall, relevance, category_BC, label_BL = self._session.run(list(OUTPUTS), {INPUT: pixels_B3SS})
        return Encoded(recall, relevance, _softmax(category_BC), _softmax(label_BL))

    def _check(self, onnx_path: Path) -> None:
        if (self.contract.preprocessing, self.contract.metric) != (PREPROCESSING, METRIC):
            raise EmbeddingContractError(
                f"{onnx_path}: expected preprocessing '{PREPROCESSING}' and metric '{METRIC}', the contract "
                f"says '{self.contract.preprocessing}' and '{self.contract.metric}'. Train and publish again."
            )
        S = self.contract.image_size
        # Two rows, so that a batch size frozen into the graph is found here and not by the first real batch.
        try:
            seen = self.encode_prepared(np.full((2, 3, S, S), 0.5, np.float32))
        except Exception as error:  # ONNX Runtime's own exceptions share no public base
            raise EmbeddingContractError(
                f"{onnx_path}: expected input '{INPUT}' float32 [B, 3, {S}, {S}] and outputs {OUTPUTS}, "
                f"but a trial run failed: {error}"
            ) from error
        contract = self.contract
        expected = [
            *(contract.dimension, contract.relevance_dimension),
            *(len(contract.categories), len(contract.labels)),
        ]
        shapes = [
            rows.shape
            for rows in (seen.embedding, seen.relevance, seen.category_probability, seen.label_probability)
        ]
        if shapes != [(2, size) for size in expected]:
            raise EmbeddingContractError(
                f"{onnx_path}: expected two rows of {expected} values, got the shapes {shapes}"
            )
        length = float(np.linalg.norm(seen.embedding[0]))
        if not abs(length - 1) < 1e-2:
            raise EmbeddingContractError(
                f"{onnx_path}: expected embeddings of length 1, a grey picture's has {length:.4f}"
            )


class TextEncoder:
    """The served text tower: titles or written queries in, vectors of the pictures' spaces out.

    DigestError: the file is another one than the contract says. Safe to share by threads.
    """

    def __init__(self, onnx_path: Path, contract: EmbeddingContract) -> None:
        self.contract = contract
        self._session = open_session(onnx_path, contract.text_digest, 1, EmbeddingContractError)
        self.encode(["a trial"])

    def encode(self, texts: Sequence[str]) -> EncodedText:
        """Embed texts in English or Chinese. QueryError: one has no word in it."""
        tokens_BT = token_ids(texts, self.contract.num_buckets)
        for text, tokens_T in zip(texts, tokens_BT, strict=True):
            if not tokens_T.any():
                raise QueryError(f"text: expected words to search for, got {text[:60]!r}")
        recall, relevance = self._session.run(list(TEXT_OUTPUTS), {TEXT_INPUT: tokens_BT})
        return EncodedText(recall, relevance)


def prepare(pixels: NDArray[np.uint8], image_size: int) -> NDArray[np.float32]:
    """Convert an upright RGB picture, uint8 [H, W, 3], to a network input: float32 [3, S, S] in 0..1.

    The whole picture is squeezed into the square with an antialiased bilinear filter: no letterbox, no
    centre crop. Mean and variance are the network's own business.
    """
    square = Image.fromarray(pixels).resize(
        (image_size, image_size), Image.Resampling.BILINEAR, reducing_gap=3.0
    )
    return np.ascontiguousarray(np.asarray(square, np.float32).transpose(2, 0, 1)) / np.float32(255)


def crop(pixels: NDArray[np.uint8], box: Box | None = None) -> NDArray[np.uint8]:
    """Crop the framed part of an upright picture, [H, W, 3]: `box`, or the item before a plain background.

    `Encoder.encode` passes catalogue photos and queries alike through here; see `framing`.
    QueryError: nothing of the box lies on the picture.
    """
    if box is None:
        return frame(pixels)
    height, width = pixels.shape[:2]
    return frame(pixels, within(box, width, height))


def within(box: Box, width: int, height: int) -> Box:
    """Clip a box to an upright picture of that size. QueryError: they do not overlap."""
    x0, y0, x1, y1 = max(0.0, box.x0), max(0.0, box.y0), min(width, box.x1), min(height, box.y1)
    if x0 >= x1 or y0 >= y1:
        raise QueryError(
            f"box {box.as_tuple()} lies outside the picture: expected pixels of the upright photo, "
            f"which is {width} wide and {height} high"
        )
    return Box(x0, y0, x1, y1)


def _softmax(logits_BC: NDArray[np.float32]) -> NDArray[np.float32]:
    if logits_BC.shape[1] == 0:
        return logits_BC
    weight_BC = np.exp(logits_BC - logits_BC.max(axis=1, keepdims=True))
    return np.asarray(weight_BC / weight_BC.sum(axis=1, keepdims=True), np.float32)
