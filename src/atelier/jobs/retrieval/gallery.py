"""Draws held-out queries with the candidate's answers, small enough for a report."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from atelier.errors import RegistryError
from atelier.lifecycle.register import Registered
from atelier.pictures import encode_jpeg
from atelier.registry.runs import read_artifact
from atelier.registry.store import open_registry
from atelier.settings import Settings

KINDS = ("street_boxed", "shopper_boxed", "reshot_whole")
"""Kinds of queries, the hardest first: that is the one to look at."""
MAX_SIDE = 1200


def gallery(settings: Settings, registered: Registered) -> bytes:
    """Draw held-out queries of the hardest kind with the student's answers, as JPEG.

    RegistryError: the examination left none.
    """
    connection = open_registry(settings).connection
    for kind in KINDS:
        try:
            png = read_artifact(connection, registered.run_id, f"figures/queries_{kind}.png")
        except RegistryError:
            continue
        with Image.open(io.BytesIO(png)) as picture:
            shown = picture.convert("RGB")
        shown.thumbnail((MAX_SIDE, MAX_SIDE))
        return encode_jpeg(np.asarray(shown))
    raise RegistryError(
        f"run {registered.run_id} has no picture of queries; expected one of the kinds {', '.join(KINDS)} "
        f"among its figures"
    )
