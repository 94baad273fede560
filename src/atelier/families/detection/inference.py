"""Detects items without training code: picture -> two passes -> boxes, on ONNX Runtime.

The first look sees the whole photo, squeezed into a square, and tells every item. The second sees what
surrounds the item that the photo is about, and tells its box precisely. A photo before a plain background
needs neither. NumPy, Pillow and ONNX Runtime are all it needs.

B = batch, S = side of a view, G = cells, K = kinds, N = boxes of a photo. Boxes in arrays are in shares of
their view, a `Box` is in pixels of its photo.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from atelier.errors import DetectionContractError
from atelier.families.contract import Contract
from atelier.families.detection.metrics import iou
from atelier.families.onnx_file import open_session
from atelier.matting import SURE_BORDER_SHARE, item_before_plain_background
from atelier.vocabulary import Box

PREPROCESSING = "square-bilinear-1"
"""The name of what `squeezed` does. A change needs a new name."""
MODEL_FILE, CONTRACT_FILE = "detector.onnx", "detector.json"
"""Their names in a model version and in a release."""
INPUT = "pixels"
OUTPUTS = ("kind_probability", "main_probability", "boxes")
MAX_BOXES = 12
"""A photo is told to hold at most so many items."""
_AGREEING = 0.5
"""Cells whose boxes overlap the likeliest one's by this much (IoU) have a say in the main item's box."""

Pixels = NDArray[np.uint8]
Run = Callable[[NDArray[np.float32]], Sequence[NDArray[np.float32]]]
"""Pixels [B, 3, S, S] in, `OUTPUTS` out: probabilities [B, G, K] and [B, G], boxes [B, G, 4]."""


@dataclass(frozen=True)
class BoxRules:
    """Thresholds that select boxes from the cells' predictions."""

    min_score: float = 0.2
    """Boxes of a lower score are not told, but for the chosen one."""
    max_overlap: float = 0.6
    """Of two boxes that overlap more than this (IoU), the weaker one is not told."""
    close_margin: float = 1.5
    """Side of the second look's window, as a multiple of the box's side."""


@dataclass(frozen=True)
class FoundItem:
    """One item of a photo."""

    box: Box
    """In pixels of the photo."""
    category: str
    """One of `kinds.KINDS`; 'item' for what stands before a plain background, which nobody looked at."""
    score: float
    """How sure it is that an item is there, 0 to 1."""
    chosen: bool
    """Whether the photo is about this one."""


Found = list[FoundItem]
"""The items of a photo, the chosen one first, then by score."""


@dataclass(frozen=True)
class DetectionContract(Contract):
    """Inputs and outputs of a detector's file; stored as `CONTRACT_FILE` beside it."""

    description: ClassVar[str] = "a detection contract"
    error: ClassVar = DetectionContractError
    model_digest: str
    """sha256 of the ONNX file, hexadecimal."""
    look_size: int
    close_size: int
    """Sides of the two looks' views, in pixels."""
    categories: tuple[str, ...]
    """Names of the kinds, in the order of the outputs."""
    rules: BoxRules
    preprocessing: str = PREPROCESSING

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> dict[str, Any]:
        """See `Contract`."""
        return fields | {"categories": tuple(fields["categories"]), "rules": BoxRules(**fields["rules"])}


class Detector:
    """The served detector: pictures in, the items of each out. Safe to share by threads.

    Loading verifies the file against `contract.model_digest` and runs grey pictures through it, so that a
    Detector that exists works. `threads` is what one call may use.
    DigestError: the file is another one. DetectionContractError: it does not do what the contract says.
    """

    def __init__(self, onnx_path: Path, contract: DetectionContract, threads: int = 2) -> None:
        self.contract = contract
        self._session = open_session(onnx_path, contract.model_digest, threads, DetectionContractError)
        self._check(onnx_path)

    def find(self, pictures: Sequence[Pixels]) -> list[Found]:
        """Find the items of upright RGB pictures, uint8 [H, W, 3] each, of any sizes; at least one item each.

        One batch: the caller bounds B. What stands before a plain background is the one item of its photo.
        """
        plain = [item_before_plain_background(pixels, SURE_BORDER_SHARE) for pixels in pictures]
        cluttered = [pixels for pixels, box in zip(pictures, plain, strict=True) if box is None]
        looked = iter(self.detect(cluttered))
        return [[FoundItem(box, "item", 1.0, True)] if box else next(looked) for box in plain]

    def detect(self, pictures: Sequence[Pixels]) -> list[Found]:
        """Detect the items of pictures with both passes, whatever their backgrounds."""
        if not pictures:
            return []
        return look_twice(self._run, pictures, self.contract)

    def _run(self, pixels_B3SS: NDArray[np.float32]) -> Sequence[NDArray[np.float32]]:
        told: Sequence[NDArray[np.float32]] = self._session.run(list(OUTPUTS), {INPUT: pixels_B3SS})
        return told

    def _check(self, onnx_path: Path) -> None:
        contract = self.contract
        if contract.preprocessing != PREPROCESSING:
            raise DetectionContractError(
                f"{onnx_path}: expected preprocessing '{PREPROCESSING}', the contract says "
                f"'{contract.preprocessing}'. Train and publish again."
            )
        # Two rows of each size: a batch size frozen into the graph is found here, not by the first batch.
        for size in (contract.look_size, contract.close_size):
            try:
                told = self._run(np.full((2, 3, size, size), 0.5, np.float32))
            except Exception as error:  # ONNX Runtime's own exceptions share no public base
                raise DetectionContractError(
                    f"{onnx_path}: expected input '{INPUT}' float32 [B, 3, {size}, {size}] and outputs "
                    f"{OUTPUTS}, but a trial run failed: {error}"
                ) from error
            shapes, num = [each.shape for each in told], told[1].shape[1]
            expected = [(2, num, len(contract.categories)), (2, num), (2, num, 4)]
            if shapes != expected:
                raise DetectionContractError(f"{onnx_path}: expected outputs of {expected}, got {shapes}")


def look_twice(run: Run, pictures: Sequence[Pixels], contract: DetectionContract) -> list[Found]:
    """Run both passes on some pictures, a batch for each pass."""
    rules = contract.rules
    kind_BGK, main_BG, box_BG4 = run(np.stack([squeezed(pixels, contract.look_size) for pixels in pictures]))
    first = [decode_boxes(*told, rules) for told in zip(kind_BGK, main_BG, box_BG4, strict=True)]
    windows = [_window(boxes_N4[0], rules.close_margin) for boxes_N4, _, _ in first]
    views = [
        squeezed(pixels, contract.close_size, _pixels_of(window, pixels))
        for pixels, window in zip(pictures, windows, strict=True)
    ]
    _, close_BG, close_BG4 = run(np.stack(views))
    found = []
    for row, (boxes_N4, kind_N, score_N) in enumerate(first):
        window = windows[row]
        inner, _ = _main_box(close_BG[row], close_BG4[row])
        boxes_N4[0] = window[[0, 1, 0, 1]] + inner * (window[2:] - window[:2])[[0, 1, 0, 1]]
        found.append(
            [
                FoundItem(
                    _pixels_of(box, pictures[row]), contract.categories[kind], float(score), number == 0
                )
                for number, (box, kind, score) in enumerate(zip(boxes_N4, kind_N, score_N, strict=True))
            ]
        )
    return found


def squeezed(pixels: Pixels, size: int, part: Box | None = None) -> NDArray[np.float32]:
    """Resize a picture, or a part of it, to a network input: float32 [3, S, S] in 0..1, its aspect ratio not
    kept.
    """
    image = Image.fromarray(pixels)
    square = image.resize(
        (size, size), Image.Resampling.BILINEAR, box=part.as_tuple() if part else None, reducing_gap=2.0
    )
    return np.ascontiguousarray(np.asarray(square, np.float32).transpose(2, 0, 1)) / np.float32(255)


def decode_boxes(
    kind_GK: NDArray[np.float32], main_G: NDArray[np.float32], boxes_G4: NDArray[np.float32], rules: BoxRules
) -> tuple[NDArray[np.float32], NDArray[np.intp], NDArray[np.float32]]:
    """Decode boxes [N, 4], kinds and scores of the items of a view: the main one, then the others by
    score.
    """
    main_box, main_cell = _main_box(main_G, boxes_G4)
    near_G = iou(main_box[None], boxes_G4)[0] > _AGREEING
    near_G[main_cell] = True
    main_kind_K = np.where(near_G[:, None], kind_GK, 0).max(axis=0)
    kind_G, score_G = kind_GK.argmax(axis=1), kind_GK.max(axis=1)
    boxes, kinds, scores = [main_box], [int(main_kind_K.argmax())], [float(main_kind_K.max())]
    for cell in np.argsort(-score_G, kind="stable"):
        if score_G[cell] < rules.min_score or len(boxes) == MAX_BOXES:
            break
        if iou(boxes_G4[cell : cell + 1], np.stack(boxes)).max() <= rules.max_overlap:
            boxes.append(boxes_G4[cell])
            kinds.append(int(kind_G[cell]))
            scores.append(float(score_G[cell]))
    return np.stack(boxes), np.asarray(kinds), np.asarray(scores, np.float32)


def _main_box(main_G: NDArray[np.float32], boxes_G4: NDArray[np.float32]) -> tuple[NDArray[np.float32], int]:
    """The main item's box, [4], as the mean of the cells that agree with the likeliest one, and that cell."""
    cell = int(main_G.argmax())
    weight_G = main_G * (iou(boxes_G4[cell : cell + 1], boxes_G4)[0] > _AGREEING)
    weight_G[cell] = main_G[cell]
    return np.asarray(weight_G @ boxes_G4 / weight_G.sum(), np.float32), cell


def _window(box: NDArray[np.float32], margin: float) -> NDArray[np.float32]:
    """What the second look sees, [4] in shares of the photo."""
    middle, half = (box[:2] + box[2:]) / 2, np.maximum(box[2:] - box[:2], 0.02) / 2 * margin
    start, end = np.clip(middle - half, 0, 0.99), np.clip(middle + half, 0.01, 1)
    return np.concatenate([start, end])


def _pixels_of(box: NDArray[np.float32], pixels: Pixels) -> Box:
    """A box in shares of a photo as one in pixels, cut at the photo's edges and at least a pixel wide."""
    height, width = pixels.shape[:2]
    x0, x1 = (min(max(float(edge), 0.0), 1.0) * width for edge in box[[0, 2]])
    y0, y1 = (min(max(float(edge), 0.0), 1.0) * height for edge in box[[1, 3]])
    x0, y0 = min(x0, width - 1.0), min(y0, height - 1.0)
    return Box(x0, y0, max(x1, x0 + 1), max(y1, y0 + 1))
