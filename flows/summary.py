"""What a run of the main job came to: for a reader, for a program, and as artifacts on Prefect's pages."""

from __future__ import annotations

import base64
from dataclasses import asdict, dataclass
from typing import Any

from prefect.artifacts import create_image_artifact, create_markdown_artifact, create_table_artifact

from atelier.jobs.data.ingest import IngestReport
from atelier.jobs.release.publish import Published
from atelier.services.prefect_api import addresses
from atelier.settings import Settings
from flows.train_detector import TrainedDetector
from flows.train_family import TrainedFamily
from flows.train_outfits import TrainedOutfits
from flows.train_ranker import TrainedRanker


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
    """Of the student, its teacher, the detector and the outfit model, on the held-out part of the data."""
    seconds: float
    """Of work, without the start of the process and of Prefect."""
    look_at: dict[str, str]
    """Where to look: a name and a path or an address."""
    steps: dict[str, Any]
    """The full report of each step."""


def summarise(
    settings: Settings,
    ingested: list[IngestReport],
    detector: TrainedDetector,
    family: TrainedFamily,
    outfits: TrainedOutfits,
    ranker: TrainedRanker,
    published: Published,
    seconds: float,
) -> Summary:
    """Draws the reports of all steps together."""
    num_new_drops = sum(report.changed for report in ingested)
    trained = not (family.teacher.reused and family.student.reused and detector.trained.reused)
    trained |= outfits.has_trained or bool(ranker.trained and not ranker.trained.reused)
    changed = bool(num_new_drops or trained or published.changed)
    return Summary(
        headline=_headline(num_new_drops, trained, family, published)
        if changed
        else _nothing_new(family, published),
        changed=changed,
        preset=family.preset,
        data_version=published.data_version,
        release_id=published.release_id,
        promoted=family.verdict.promoted,
        verdict=family.verdict.reason,
        metrics=family.candidate.metrics
        | {f"detector/{name}": value for name, value in detector.candidate.metrics.items()}
        | {f"outfit/{name}": value for name, value in _metrics_of(outfits).items()}
        | {f"ranking/{name}": value for name, value in _metrics_of(ranker).items()},
        seconds=round(seconds, 1),
        look_at=_look_at(settings, family, published),
        steps={
            "ingest": [asdict(report) for report in ingested],
            "detector": asdict(detector),
            "outfits": asdict(outfits),
            "ranker": asdict(ranker),
            **{name: report for name, report in asdict(family).items() if name != "preset"},
            "publish": asdict(published),
        },
    )


def _metrics_of(trained: TrainedOutfits | TrainedRanker) -> dict[str, float]:
    return trained.candidate.metrics if trained.candidate else {}


def _headline(num_new_drops: int, trained: bool, family: TrainedFamily, published: Published) -> str:
    parts = [
        f"{num_new_drops} new drop{'s' * (num_new_drops != 1)} in",
        "a model trained" if trained else "no training needed",
        "promoted" if family.verdict.promoted else "not promoted",
        f"release {published.release_id} {'is live' if published.changed else 'stays live'}",
    ]
    return ", ".join(parts)


def _nothing_new(family: TrainedFamily, published: Published) -> str:
    return (
        f"nothing new: nothing to train and nothing to publish; "
        f"run {family.student.run_id} and release {published.release_id} are up to date"
    )


def _look_at(settings: Settings, family: TrainedFamily, published: Published) -> dict[str, str]:
    mlflow = addresses(settings).get("mlflow")
    run = (
        f"{mlflow}/#/runs/{family.candidate.run_id}"
        if mlflow
        else f"{family.candidate.run_id} (atelier up shows it)"
    )
    return {
        "release": str(settings.releases_dir / published.release_id),
        "data reports": str(settings.reports_dir),
        "examination": run,
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
    return (
        f"# {summary.headline}\n\n"
        f"Preset `{summary.preset}`, data version `{summary.data_version}`, "
        f"release `{summary.release_id}`.\n\n"
        f"## The gate {verdict}\n\n{summary.verdict}\n\n## Where to look\n\n{places}\n"
    )


def _as_link(place: str) -> str:
    return f"<{place}>" if place.startswith("http") else f"`{place}`"
