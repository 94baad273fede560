"""The route of feeds, and the shape of its answer."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Self

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from pydantic import BaseModel, Field

from atelier.delivery.feed import Shown
from atelier.serving.feed import MAX_NUM, FeedMaker, today
from atelier.serving.middleware import is_head
from atelier.serving.problems import responses
from atelier.serving.routes import ServiceOf
from atelier.serving.schemas import Day, Digits, shown_price
from atelier.vocabulary import USER_ID_EXPECTED, is_user_id

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
        return cls(
            place=shown.place,
            outfit_id=shown.outfit_id,
            item_ids=list(maker.sets.item_ids[row]),
            made_by=maker.sets.made_by[row],
            price=shown_price(float(maker.sets.price_S[row])),
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


def _user_of_address(user_id: str) -> str:
    """An address with a slash too many names nobody, rather than another user."""
    if not is_user_id(user_id):
        raise HTTPException(
            404, f"There is no user {user_id[:80]!r}; an id is {USER_ID_EXPECTED}, percent-encoded in UTF-8."
        )
    return user_id


@router.get("/v1/feed/{user_id:path}", responses=responses(404, 422, 503), tags=["feed"])
async def feed(
    service: ServiceOf,
    request: Request,
    user_id: Annotated[str, Depends(_user_of_address)],
    num: Annotated[int, Digits, Query(ge=1, le=MAX_NUM, description="How many sets.")] = 20,
    day: Annotated[
        date | None, Day, Query(description="YYYY-MM-DD. Default: today, UTC.", examples=["2026-01-05"])
    ] = None,
) -> FeedAnswer:
    """List the sets that a user is shown on a day, with the probability of each.

    The same question to the same release gives the same feed, and a longer one begins with the shorter one.
    What is answered counts as shown: it is logged, or it is not answered (503). A HEAD shows nothing.
    """
    maker, day_name = service.live.current.feed_maker, day.isoformat() if day else today()
    return await service.work(_answer, maker, user_id, day_name, num, log=not is_head(request))


def _answer(maker: FeedMaker, user_id: str, day: str, num: int, *, log: bool) -> FeedAnswer:
    """In a worker thread."""
    shown = (maker.feed if log else maker.make)(user_id, day, num=num)
    return FeedAnswer.of(shown, maker, user_id, day)
