"""Defines the look of an item: everything its drawing depends on, apart from chance within its cut."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from atelier.simulate.canvas import Canvas
from atelier.simulate.palette import RGB, Palette


@dataclass(frozen=True)
class Look:
    """The visible truth of an item."""

    cut: Mapping[str, str]
    """Choices of its article type: {'sleeve': 'long', 'neck': 'v'}."""
    pattern: str
    colours: Palette

    @property
    def main(self) -> RGB:
        return self.colours.main

    @property
    def second(self) -> RGB:
        return self.colours.second

    @property
    def accent(self) -> RGB:
        return self.colours.accent

    @property
    def metal(self) -> RGB:
        return self.colours.metal


Drawer = Callable[[Canvas, Look, np.random.Generator], None]
"""Draws one article type on the board; varies proportions by chance within the look's cut."""
