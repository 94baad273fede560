"""From the champion to what serving answers with: a verified index, a release, and the old ones collected."""

from __future__ import annotations

from prefect import flow

from atelier.jobs.release.collect import collect
from atelier.jobs.release.publish import Published, publish
from atelier.settings import Settings
from flows.steps import step


@flow(name="publish-release", persist_result=False)
def publish_release() -> Published:
    """Makes the champion and the current data live, in one step, and only if something changed."""
    settings = Settings()
    published = publish_step(settings)
    if published.changed:
        collect_step(settings)
    return published


publish_step = step("publish", minutes=4 * 60)(publish)
collect_step = step("collect", minutes=30)(collect)
