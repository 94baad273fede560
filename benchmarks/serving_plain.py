"""The plain stack: photo search as a competent engineer writes it in an afternoon.

    python benchmarks/serving_plain.py --port 8081 [--items 14000]

FastAPI, Pillow, torchvision's ResNet-50 in eager PyTorch at 224 pixels with its usual preprocessing, FAISS
IndexFlatIP over 2,048 dimensions. Weights and catalogue are random, which costs the same as trained ones.
"""

from __future__ import annotations

import argparse
import io
import threading
from typing import Annotated, Any

import faiss
import numpy as np
import torch
import torchvision
import uvicorn
from fastapi import FastAPI, File, UploadFile
from numpy.typing import NDArray
from PIL import Image, ImageOps
from torchvision import transforms

SIZE, DIMENSION, NUM_ANSWERS = 224, 2048, 10


def create_app(num_items: int) -> FastAPI:
    """The whole service: one route that answers a photo with the ten nearest items, and one for probes."""
    network = torchvision.models.resnet50(weights=None).eval()
    network.fc = torch.nn.Identity()
    preprocess = transforms.Compose(
        [
            transforms.Resize(256),
            transforms.CenterCrop(SIZE),
            transforms.ToTensor(),
            transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ]
    )
    index = faiss.IndexFlatIP(DIMENSION)
    index.add(_unit(np.random.default_rng(0).standard_normal((num_items, DIMENSION), np.float32)))
    titles = [f"Item {number}" for number in range(num_items)]
    app = FastAPI(title="plain photo search")
    model_lock = (
        threading.Lock()
    )  # torch uses every core for one photo: two at once only get in each other's way

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/v1/search")
    def search(photo: Annotated[UploadFile, File()]) -> dict[str, Any]:
        image = ImageOps.exif_transpose(Image.open(io.BytesIO(photo.file.read()))).convert("RGB")
        pixels = preprocess(image)[None]
        with model_lock, torch.inference_mode():
            embedding = network(pixels).numpy()
        scores, rows = index.search(_unit(embedding), NUM_ANSWERS)
        return {
            "items": [
                {"item_id": str(row), "score": float(score), "title": titles[row]}
                for row, score in zip(rows[0], scores[0], strict=True)
            ]
        }

    return app


def _unit(vectors_BD: NDArray[np.float32]) -> NDArray[np.float32]:
    return vectors_BD / np.linalg.norm(vectors_BD, axis=1, keepdims=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--items", type=int, default=14_000)
    asked = parser.parse_args()
    uvicorn.run(create_app(asked.items), host="127.0.0.1", port=asked.port, log_level="warning")


if __name__ == "__main__":
    main()
