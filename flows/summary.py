"""Summarises a run of the main job for people, for programs, and as artifacts on Prefect's pages."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from prefect.artifacts import create_image_artifact, create_markdown_artifact, create_table_artifact

from atelier.errors import PartFailedError
from atelier.jobs.data.ingest import IngestReport
from atelier.jobs.families import FAMILIES
from atelier.jobs.release.publish import Published
from atelier.lifecycle.gate import GateOutcome
from atelier.lifecycle.register import Registered
from atelier.markdown import literal
from atelier.services.prefect_api import addresses
from atelier.settings import Settings
from flows.ingest_drop import FailedDrop
from flows.train_family import TrainedFamily


@dataclass(frozen=True)
class Summary:
    """One run of the main job."""

    headline: str
    """A sentence; begins with 'nothing new' when the run changed nothing."""
    changed: bool
    preset: str
    data_version: str | None
    release_id: str
    promoted: bool
    verdict: str
    """The gate's reason."""
    metrics: dict[str, float]
    """Of every candidate on the held-out part of the data; names of families other than retrieval begin with
    the family's name."""
    seconds: float
    """Of work, without the start of the process and of Prefect."""
    look_at: dict[str, str]
    """Where to look: a name and a path or an address."""
    steps: dict[str, Any]
    """The full report of each step."""
    failed_drops: dict[str, str] = field(default_factory=dict)
    """Folder beneath `drops/` -> why it could not be ingested; the next run tries it again."""


def summarise(
    settings: Settings,
    ingested: list[IngestReport | FailedDrop],
    trained: list[TrainedFamily],
    published: Published,
    seconds: float,
) -> Summary:
    """Combine the reports of all steps."""
    failed_drops = {each.drop: each.error for each in ingested if isinstance(each, FailedDrop)}
    num_new_drops = sum(each.changed for each in ingested if isinstance(each, IngestReport))
    has_trained = any(each.has_trained for each in trained)
    changed = bool(num_new_drops or has_trained or published.changed)
    main = main_family(trained)
    assert main.verdict is not None, "the main family is never skipped"
    return Summary(
        headline=(
            _headline(num_new_drops, has_trained, main.verdict, published)
            if changed
            else _nothing_new(main, published)
        )
        + _not_taken_in(failed_drops),
        changed=changed,
        preset=main.preset,
        data_version=published.data_version,
        release_id=published.release_id,
        promoted=main.verdict.promoted,
        verdict=main.verdict.reason,
        metrics={name: value for each in trained for name, value in _metrics_of(each, main).items()},
        seconds=round(seconds, 1),
        look_at=_look_at(settings, main, published),
        steps={
            "ingest": [asdict(report) for report in ingested],
            **{each.family: asdict(each) for each in trained},
            "publish": asdict(published),
        },
        failed_drops=failed_drops,
    )


def require_all_drops(summary: Summary) -> None:
    """PartFailedError, with the summary of all that was done, where a drop could not be ingested."""
    if summary.failed_drops:
        why = "; ".join(f"{drop}: {error}" for drop, error in summary.failed_drops.items())
        raise PartFailedError(
            f"{summary.headline}. All else was done. Mend or remove what could not be taken in from drops/; "
            f"the next run tries it again. {why}",
            summary,
        )


def main_family(trained: list[TrainedFamily]) -> TrainedFamily:
    """Return the family that every release requires; its verdict is the headline's."""
    required = {family.name for family in FAMILIES if family.required}
    return next(each for each in trained if each.family in required)


def main_candidate(trained: list[TrainedFamily]) -> Registered:
    """Return the candidate of the main family."""
    candidate = main_family(trained).candidate
    assert candidate is not None, "the main family is never skipped"
    return candidate


def _metrics_of(each: TrainedFamily, main: TrainedFamily) -> dict[str, float]:
    """The candidate's metrics; those of other families than the main one begin with the family's name."""
    metrics = each.candidate.metrics if each.candidate else {}
    return metrics if each is main else {f"{each.family}/{name}": value for name, value in metrics.items()}


def _headline(num_new_drops: int, trained: bool, verdict: GateOutcome, published: Published) -> str:
    parts = [
        f"{num_new_drops} new drop{'s' * (num_new_drops != 1)} in",
        "a model trained" if trained else "no training needed",
        "promoted" if verdict.promoted else "not promoted",
        f"release {published.release_id} {'is live' if published.changed else 'stays live'}",
    ]
    return ", ".join(parts)


def _nothing_new(main: TrainedFamily, published: Published) -> str:
    return (
        f"nothing new: nothing to train and nothing to publish; "
        f"run {list(main.runs.values())[-1].run_id} and release {published.release_id} are up to date"
    )


def _not_taken_in(failed_drops: Mapping[str, str]) -> str:
    num = len(failed_drops)
    return f"; {num} drop{'s' * (num != 1)} could not be taken in: {', '.join(failed_drops)}" if num else ""


def _look_at(settings: Settings, main: TrainedFamily, published: Published) -> dict[str, str]:
    mlflow, run_id = addresses(settings).get("mlflow"), main_candidate([main]).run_id
    return {
        "release": str(settings.releases_dir / published.release_id),
        "data reports": str(settings.reports_dir),
        "examination": f"{mlflow}/#/runs/{run_id}" if mlflow else f"{run_id} (atelier up shows it)",
    }


def leave_artifacts(summary: Summary, gallery_jpeg: bytes) -> None:
    """What changed, the verdict, the figures, a gallery, and where to look, on the page of this flow run."""
    gallery_url = f"data:image/jpeg;base64,{base64.b64encode(gallery_jpeg).decode()}"
    create_image_artifact(gallery_url, key="gallery", description="Held-out queries and what was found")
    create_markdown_artifact(_as_markdown(summary), key="what-changed", description=summary.headline)
    create_table_artifact(
        [{"metric": name, "value": value} for name, value in sorted(summary.metrics.items())],
        key="figures",
        description="Student and teacher on held-out data",
    )


def _as_markdown(summary: Summary) -> str:
    verdict = "promoted" if summary.promoted else "kept the champion"
    places = "\n".join(f"- {name}: {_as_link(place)}" for name, place in summary.look_at.items())
    failed = "\n".join(f"- {literal(drop)}: {literal(error)}" for drop, error in summary.failed_drops.items())
    return (
        f"# {summary.headline}\n\n"
        f"Preset `{summary.preset}`, data version `{summary.data_version}`, "
        f"release `{summary.release_id}`.\n\n"
        f"## The gate {verdict}\n\n{literal(summary.verdict)}\n\n## Where to look\n\n{places}\n"
        + (f"\n## Drops that could not be taken in\n\n{failed}\n" if failed else "")
    )


def _as_link(place: str) -> str:
    return f"<{place}>" if place.startswith("http") else f"`{place}`"
