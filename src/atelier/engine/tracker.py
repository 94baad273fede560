"""Small trackers: a list for tests, the console, and nothing."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from atelier.progress import write


class ListTracker:
    """Stores all that is logged: `told_params`, and (step, values) in `told_metrics`."""

    def __init__(self) -> None:
        self.told_params: dict[str, object] = {}
        self.told_metrics: list[tuple[int, dict[str, float]]] = []

    def params(self, values: Mapping[str, object]) -> None:
        self.told_params.update(values)

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        self.told_metrics.append((step, dict(values)))

    def curve(self, name: str) -> dict[int, float]:
        """Return one metric by step; of a repeated step, the later value."""
        return {step: values[name] for step, values in self.told_metrics if name in values}


class ConsoleTracker:
    """Prints a line for each report, above the progress bar."""

    def params(self, values: Mapping[str, object]) -> None:
        write("  ".join(f"{name}={value}" for name, value in values.items()), sys.stdout)

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        told = "  ".join(f"{name} {value:.4g}" for name, value in values.items())
        write(f"step {step:>7,}  {told}", sys.stdout)


class NullTracker:
    """Listens to nothing."""

    def params(self, values: Mapping[str, object]) -> None:
        pass

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        pass
