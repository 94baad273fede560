"""Runs: started under a key, taken up again after a kill, found once finished."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from atelier.errors import RegistryError
from atelier.registry.buffer import MetricBuffer
from atelier.registry.connection import Connection, experiment_id
from atelier.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TAG_PREFIX = "atelier."
_MAX_TAG = 4000
_MAX_PARAM = 6000
_MAX_PARAMS = 100
"""MLflow's own limits: characters of a tag and of a parameter, parameters in one call."""


@dataclass(frozen=True)
class RunRef:
    """One run as it stood when it was looked up. `tags` holds ours, by short name: `data_version`."""

    run_id: str
    name: str
    key: str
    family: str
    status: str
    """RUNNING, FINISHED, FAILED or KILLED."""
    metrics: Mapping[str, float]
    """The latest value of each."""
    tags: Mapping[str, str]


class RunTracker:
    """Logs to a run while it lasts. Its first two methods are the engine's `Tracker`."""

    def __init__(self, connection: Connection, ref: RunRef, system_seconds: float) -> None:
        self.ref = ref
        self.run_id = ref.run_id
        self._client = connection.client
        self._buffer = MetricBuffer(connection.client, ref.run_id)
        self._system = _start_system_metrics(connection, ref.run_id, system_seconds)

    def params(self, values: Mapping[str, Any]) -> None:
        """Log parameters; nested mappings become dotted names. Values that are too long are cut."""
        from mlflow.entities import Param

        params = [Param(name, str(value)[:_MAX_PARAM]) for name, value in _flatten(values)]
        for start in range(0, len(params), _MAX_PARAMS):
            self._client.log_batch(self.run_id, params=params[start : start + _MAX_PARAMS])

    def metrics(self, values: Mapping[str, float], step: int = 0) -> None:
        """Log metrics of one step; returns at once, they are written within a second or so."""
        self._buffer.add(values, step)

    def history(self) -> dict[str, list[tuple[int, float]]]:
        """Return every curve so far as (step, value), with points of before an interruption.

        Of a step that was told twice, as after a kill, the later value counts. System metrics are left out.
        """
        self._buffer.flush()
        curves = {}
        for name in sorted(self._client.get_run(self.run_id).data.metrics):
            if not name.startswith("system/"):
                points = self._client.get_metric_history(self.run_id, name)
                told = {
                    point.step: point.value for point in sorted(points, key=lambda point: point.timestamp)
                }
                curves[name] = sorted(told.items())
        return curves

    def tag(self, **values: str) -> None:
        """Set tags of the run: `tag(verdict='promoted')` sets `atelier.verdict`."""
        for name, value in values.items():
            self._client.set_tag(self.run_id, TAG_PREFIX + name, value[:_MAX_TAG])

    def describe(self, markdown: str) -> None:
        """Set the description that MLflow's page of the run begins with."""
        self._client.set_tag(self.run_id, "mlflow.note.content", markdown[:_MAX_TAG])

    def figure(self, name: str, fig: Figure) -> None:
        """Save a figure as figures/<name>.png."""
        self._client.log_figure(self.run_id, fig, f"figures/{name}.png", save_kwargs={"dpi": 140})

    def picture(self, name: str, jpeg: bytes) -> None:
        """Save a JPEG as figures/<name>.jpg."""
        with TemporaryDirectory() as folder:
            path = Path(folder) / f"{name}.jpg"
            path.write_bytes(jpeg)
            self.file(path, "figures")

    def file(self, path: Path, folder: str = "") -> None:
        """Copy a file, or all that a folder holds, into `folder` of the run's artifacts."""
        if path.is_dir():
            self._client.log_artifacts(self.run_id, str(path), folder)
        else:
            self._client.log_artifact(self.run_id, str(path), folder)

    def text(self, name: str, text: str) -> None:
        """Save text under its whole name: 'gate/report.md'."""
        self._client.log_text(self.run_id, text, name)

    def json(self, name: str, value: Any) -> None:
        """Save JSON under its whole name: 'evaluation.json'. NumPy values become numbers and lists."""
        self.text(name, json.dumps(value, indent=2, ensure_ascii=False, default=lambda array: array.tolist()))

    def table(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Save rows as tables/<name>.csv, with the columns of the first row."""
        text = io.StringIO()
        writer = csv.DictWriter(text, fieldnames=list(rows[0]) if rows else [], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        self.text(f"tables/{name}.csv", text.getvalue())

    def close(self) -> None:
        """Write what is still in memory. `start_run` does this at the end of its block."""
        try:
            self._buffer.close()
        finally:
            _finish_system_metrics(self._system)


def find_run(connection: Connection, key: str) -> RunRef | None:
    """Find the latest finished run with this key, of any family."""
    return _search(connection, key, ("FINISHED",))


@contextmanager
def start_run(
    connection: Connection,
    name: str,
    key: str,
    tags: Mapping[str, str],
    *,
    family: str,
    system_seconds: float,
) -> Iterator[RunTracker]:
    """See `Registry.start_run`."""
    client = connection.client
    with _alone(connection, key):
        ref = _take_up(connection, key) or _create(connection, name, key, tags, family)
        tracker = RunTracker(connection, ref, system_seconds)
        try:
            yield tracker
            tracker.close()
        except BaseException as error:
            with suppress(RegistryError):  # the first error is the one to tell
                tracker.close()
            tracker.tag(failure=f"{type(error).__name__}: {error}")
            stopped = isinstance(error, (KeyboardInterrupt, SystemExit, GeneratorExit))
            client.set_terminated(ref.run_id, "KILLED" if stopped else "FAILED")
            raise
        client.set_terminated(ref.run_id, "FINISHED")


def long_tag(tag: str) -> str:
    """Return the name of one of our tags in MLflow: 'preset' -> 'atelier.preset'."""
    return TAG_PREFIX + tag.removeprefix(TAG_PREFIX)


def read_artifact(connection: Connection, run_id: str, name: str) -> bytes:
    """See `Registry.read`."""
    with TemporaryDirectory() as folder:
        try:
            path = connection.client.download_artifacts(run_id, name, folder)
        except Exception as error:
            raise RegistryError(f"run {run_id} has no artifact {name!r} that can be read: {error}") from error
        return Path(path).read_bytes()


@contextmanager
def _alone(connection: Connection, key: str) -> Iterator[None]:
    """Hold the key's lock; the system frees it when its holder is killed."""
    if not re.fullmatch(r"[\w.:-]{1,200}", key):
        raise ValueError(f"a run's key is a digest or a plain name of at most 200 characters, not {key!r}")
    lock = FileLock(connection.locks_dir / f"run-{key}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise RegistryError(
            f"a run with the key {key} is in progress already; wait for its end, or end it first"
        ) from None
    try:
        yield
    finally:
        lock.release()


def _take_up(connection: Connection, key: str) -> RunRef | None:
    """The run that a killed or stopped process left behind, made to run again."""
    ref = _search(connection, key, ("RUNNING", "KILLED"))
    if ref is not None:
        connection.client.update_run(ref.run_id, status="RUNNING")
        times = int(ref.tags.get("taken_up", "0")) + 1
        connection.client.set_tag(ref.run_id, f"{TAG_PREFIX}taken_up", str(times))
    return ref


def _create(connection: Connection, name: str, key: str, tags: Mapping[str, str], family: str) -> RunRef:
    commit = _commit()
    ours = {long_tag(tag): value for tag, value in tags.items()}
    ours |= {long_tag("key"): key, long_tag("family"): family, long_tag("commit"): commit}
    run = connection.client.create_run(
        experiment_id(connection, family), run_name=name, tags={**ours, "mlflow.source.git.commit": commit}
    )
    return _ref(run)


def _search(connection: Connection, key: str, statuses: tuple[str, ...]) -> RunRef | None:
    experiments = [experiment.experiment_id for experiment in connection.client.search_experiments()]
    runs = connection.client.search_runs(
        experiments, f"tags.`{TAG_PREFIX}key` = '{key}'", order_by=["attributes.start_time DESC"]
    )
    return next((_ref(run) for run in runs if run.info.status in statuses), None)


def _ref(run: Any) -> RunRef:
    tags = {
        tag.removeprefix(TAG_PREFIX): value
        for tag, value in run.data.tags.items()
        if tag.startswith(TAG_PREFIX)
    }
    return RunRef(
        run_id=run.info.run_id,
        name=run.info.run_name,
        key=tags["key"],
        family=tags["family"],
        status=run.info.status,
        metrics=dict(run.data.metrics),
        tags=tags,
    )


def _flatten(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _commit() -> str:
    """The checkout's commit, with '-dirty' where files were changed since; 'unknown' outside a checkout."""
    if not (PROJECT_ROOT / ".git").exists():
        return "unknown"
    command = [
        "git",
        "-C",
        str(PROJECT_ROOT),
        "describe",
        "--always",
        "--dirty",
        "--abbrev=40",
        "--exclude=*",
    ]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return "unknown"


def _start_system_metrics(connection: Connection, run_id: str, seconds: float) -> Any:
    """CPU, memory, disk, network, and GPU where there is one, under `system/` in the run's metrics."""
    from mlflow.system_metrics.system_metrics_monitor import SystemMetricsMonitor

    monitor = SystemMetricsMonitor(
        run_id, sampling_interval=seconds, resume_logging=True, tracking_uri=connection.uri
    )
    monitor.start()
    return monitor


def _finish_system_metrics(monitor: Any) -> None:
    """A last sample, so that a run shorter than the interval has one too."""
    monitor.finish()
    monitor.collect_metrics()
    monitor.publish_metrics(monitor.aggregate_metrics())
    monitor.mlflow_logger.flush()
