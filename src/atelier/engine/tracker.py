"""Small trackers: a list for tests, the console, and nothing."""

from __future__ import annotations

from collections.abc import Mapping

from tqdm import tqdm


class ListTracker:
    """Remembers all it is told: `told_params`, and (step, values) in `told_metrics`."""

    def __init__(self) -> None:
        self.told_params: dict[str, object] = {}
        self.told_metrics: list[tuple[int, dict[str, float]]] = []

    def params(self, values: Mapping[str, object]) -> None:
        self.told_params.update(values)

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        self.told_metrics.append((step, dict(values)))

    def curve(self, name: str) -> dict[int, float]:
        """One metric by step; where a step was told twice, the later value."""
        return {step: values[name] for step, values in self.told_metrics if name in values}


class ConsoleTracker:
    """Prints a line for each report, above the progress bar."""

    def params(self, values: Mapping[str, object]) -> None:
        tqdm.write("  ".join(f"{name}={value}" for name, value in values.items()))

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        tqdm.write(f"step {step:>7,}  " + "  ".join(f"{name} {value:.4g}" for name, value in values.items()))


class NullTracker:
    """Listens to nothing."""

    def params(self, values: Mapping[str, object]) -> None:
        pass

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        pass
