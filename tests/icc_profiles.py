"""Small ICC profiles, written from their numbers, and what their colours are in sRGB by the textbook."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np

# Red, green and blue (columns) in XYZ under D50, and the exponent of the tone curve.
ADOBE_RGB = (((0.60974, 0.20528, 0.14919), (0.31111, 0.62567, 0.06322), (0.01947, 0.06087, 0.74457)), 2.2)
DISPLAY_P3 = (((0.51512, 0.29198, 0.1571), (0.2412, 0.69225, 0.06657), (-0.00105, 0.04189, 0.78407)), 2.2)
PROPHOTO = (((0.79767, 0.13519, 0.03135), (0.28804, 0.71187, 0.00009), (0.0, 0.0, 0.82521)), 1.8)
Space = tuple[tuple[tuple[float, float, float], ...], float]

_SRGB = np.array(((0.43607, 0.38506, 0.14308), (0.2225, 0.71688, 0.06062), (0.01393, 0.0971, 0.71417)))


def rgb_profile(space: Space) -> bytes:
    """Write a display profile of three primaries and a gamma."""
    matrix, gamma = space
    tags = {
        f"{name}XYZ": _xyz(list(column)) for name, column in zip("rgb", np.transpose(matrix), strict=True)
    }
    tags |= {f"{name}TRC": _gamma(gamma) for name in "rgb"}
    return _profile(b"mntr", b"RGB ", b"XYZ ", tags)


def grey_profile(gamma: float) -> bytes:
    return _profile(b"mntr", b"GRAY", b"XYZ ", {"kTRC": _gamma(gamma)})


def cmyk_profile(cyan_ink: tuple[int, int, int]) -> bytes:
    """Write a press whose cyan ink has a colour of ours, in L*a*b*; its other inks are black."""
    corners = []
    for cyan, magenta, yellow, black in np.ndindex(2, 2, 2, 2):
        light, a, b = (0, 0, 0) if magenta or yellow or black else cyan_ink if cyan else (100, 0, 0)
        corners += [round(light * 2.55), a + 128, b + 128]
    identity = bytes(range(256))
    table = b"mft1" + struct.pack(">4xBBBx", 4, 3, 2)
    table += struct.pack(">9i", *(65536 if i % 4 == 0 else 0 for i in range(9)))
    return _profile(b"prtr", b"CMYK", b"Lab ", {"A2B0": table + identity * 4 + bytes(corners) + identity * 3})


def textbook_srgb(rgb: tuple[int, int, int], space: Space) -> np.ndarray:
    """The colour in sRGB, 0 to 255, cut to its gamut."""
    matrix, gamma = space
    linear = np.linalg.solve(_SRGB, np.array(matrix) @ (np.array(rgb) / 255) ** gamma)
    return srgb_encoded(linear)


def srgb_encoded(linear: np.ndarray) -> np.ndarray:
    cut = np.clip(linear, 0, 1)
    return 255 * np.where(cut <= 0.0031308, 12.92 * cut, 1.055 * cut ** (1 / 2.4) - 0.055)


def _profile(kind: bytes, space: bytes, connection: bytes, tags: dict[str, bytes]) -> bytes:
    tags = {"wtpt": _xyz((0.9642, 1.0, 0.8249)), **tags}
    table, body = struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        offset = 128 + 4 + 12 * len(tags) + len(body)
        table += name.encode() + struct.pack(">II", offset, len(content))
        body += content + b"\0" * (-len(content) % 4)
    size = 128 + len(table) + len(body)
    head = struct.pack(">I4xI4s4s4s", size, 0x02400000, kind, space, connection)
    head += struct.pack(">6H4s", 2026, 1, 1, 0, 0, 0, b"acsp") + b"\0" * 28
    return (head + _xyz((0.9642, 1.0, 0.8249))[8:]).ljust(128, b"\0") + table + body


def _xyz(values: Sequence[float]) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(value * 65536) for value in values))


def _gamma(gamma: float) -> bytes:
    return b"curv" + struct.pack(">4xIH", 1, round(gamma * 256))
