"""The route of feeds, and the shape of its answer."""

from __future__ import annotations

import math
from datetime import date
from typing import Annotated, Self

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from atelier.delivery.feed import Shown
from atelier.serving.feed import MAX_NUM, FeedMaker, today
from atelier.serving.problems import responses
from atelier.serving.routes import ServiceOf

router = APIRouter()


class ShownSet(BaseModel):
    """A set at its place; its outcome returns with the clicks of the next drop."""

    place: int = Field(description="From 0.")
    outfit_id: str
    item_ids: list[str] = Field(description="Its pieces, in the order of its maker; see /v1/items.")
    made_by: str = Field(description="`expert` or `generator`.")
    price: float | None = Field(description="Of all pieces together; null where one has no price.")
    fresh: bool = Field(description="Whether it was hardly shown yet.")
    propensity: float = Field(
        gt=0, le=1, description="Probability of this set at this place; a click's row needs it."
    )

    @classmethod
    def of(cls, shown: Shown, maker: FeedMaker) -> Self:
        row = maker.sets.row_of[shown.outfit_id]
        price = float(maker.sets.price_S[row])
        return cls(
            place=shown.place,
            outfit_id=shown.outfit_id,
            item_ids=list(maker.sets.item_ids[row]),
            made_by=maker.sets.made_by[row],
            price=None if math.isnan(price) else price,
            fresh=shown.fresh,
            propensity=shown.propensity,
        )


class FeedAnswer(BaseModel):
    """The sets of one user on one day, in order."""

    release: str
    user_id: str
    day: str
    num_known_clicks: int = Field(description="Clicks that the release knows this user by.")
    sets: list[ShownSet]

    @classmethod
    def of(cls, shown: list[Shown], maker: FeedMaker, user_id: str, day: str) -> Self:
        return cls(
            release=maker.release_id,
            user_id=user_id,
            day=day,
            num_known_clicks=len(maker.history(user_id)),
            sets=[ShownSet.of(each, maker) for each in shown],
        )


@router.get("/v1/feed/{user_id:path}", responses=responses(422, 503), tags=["feed"])
async def feed(
    service: ServiceOf,
    user_id: Annotated[str, Path(min_length=1, max_length=200)],
    num: Annotated[int, Query(ge=1, le=MAX_NUM, description="How many sets.")] = 20,
    day: Annotated[date | None, Query(description="Default: today, UTC.", examples=["2026-01-05"])] = None,
) -> FeedAnswer:
    """List the sets that a user is shown on a day, with the probability of each.

    The same question to the same release gives the same feed, and a longer one begins with the shorter one.
    What is answered counts as shown: it is logged.
    """
    return await service.work(
        _answer, service.live.current.feed_maker, user_id, day.isoformat() if day else today(), num
    )


def _answer(maker: FeedMaker, user_id: str, day: str, num: int) -> FeedAnswer:
    """In a worker thread."""
    return FeedAnswer.of(maker.feed(user_id, day, num=num), maker, user_id, day)
