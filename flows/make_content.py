"""Makes a channel's content: generates sets, lays them out, publishes. Weekly by prefect.yaml."""

from __future__ import annotations

from prefect import flow

from atelier.jobs.content import Channel, MadeContent, make_content
from atelier.settings import Settings
from flows.steps import step


@flow(name="make-content", persist_result=False)
def make_channel_content(
    channel: str = "weekly",
    rules: str = "womens-wear",
    num: int = 12,
    where: str | None = None,
    title: str = "",
    offer: bool = True,
) -> MadeContent:
    """Publish a day's sets of one channel beneath `content/`, from the live release.

    `offer`: in feeds, too, from the next daily run on.
    """
    return content_step(Settings(), Channel(channel, rules, num, where, title, offer=offer))


content_step = step("make content", minutes=60)(make_content)
