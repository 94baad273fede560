"""Publishes the champions as a release with a verified index, and collects old releases."""

from __future__ import annotations

from prefect import flow

from atelier.jobs.release.collect import collect
from atelier.jobs.release.publish import Published, publish
from atelier.settings import Settings
from flows.steps import step


@flow(name="publish-release", persist_result=False)
def publish_release() -> Published:
    """Publish the champions and the current data as the live release, if something changed."""
    settings = Settings()
    published = publish_step(settings)
    if published.changed:
        collect_step(settings)
    return published


publish_step = step("publish", minutes=4 * 60)(publish)
collect_step = step("collect", minutes=30)(collect)
