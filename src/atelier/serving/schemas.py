"""The shapes of requests and answers, as the OpenAPI page shows them."""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import Annotated, Any, Self
from urllib.parse import quote

from fastapi import UploadFile
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)
from pydantic.config import JsonDict

from atelier.index.query import Hit
from atelier.serving.answerer import MAX_K, Answer, Filters
from atelier.serving.live import LoadFailure
from atelier.vocabulary import USER_ID_EXPECTED, is_user_id

MAX_SEED = 2**63 - 1


def _user_id(user_id: str) -> str:
    if not is_user_id(user_id):
        raise ValueError(f"expected {USER_ID_EXPECTED}")
    return user_id


def _one_form(pattern: str, expected: str) -> WrapValidator:
    """Accept one documented form of a value in a query or a form.

    What pydantic would guess of another one ('1_000', '5.0', seconds since 1970) may not be what was meant.
    """

    def checked(value: Any, parse: ValidatorFunctionWrapHandler) -> Any:
        parsed = parse(value)
        if isinstance(value, str) and not re.fullmatch(pattern, value):
            raise ValueError(f"expected {expected}")
        return parsed

    return WrapValidator(checked)


UserId = Annotated[str, AfterValidator(_user_id)]
"""A user's id, checked where it comes in."""
Digits = _one_form(r"[0-9]{1,9}", "a whole number in digits, as 20")
Decimal = _one_form(r"[0-9]{1,12}(\.[0-9]{1,6})?", "a number in digits, as 49.90")
Switch = _one_form(r"true|false", "true or false")
Day = _one_form(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", "a day as 2026-01-05")

_CATEGORY: JsonDict = {"name": "Casual Shoes", "probability": 0.93}
_ITEM: JsonDict = {
    "item_id": "10268",
    "score": 0.87,
    "title": "Clarks Men Hang Work Leather Black Formal Shoes",
    "category": "Formal Shoes",
    "price": 89.0,
    "rating": 4.4,
    "num_reviews": 128,
    "picture": "/v1/pictures/10268?release=20261121T231500-ab12cd34",
}


class SearchForm(BaseModel):
    """A photo, a text or both, and filters. A field of another name is refused."""

    model_config = ConfigDict(extra="forbid")

    photo: UploadFile | None = Field(None, description="JPEG, PNG, WebP, GIF, BMP or TIFF.")
    text: str | None = Field(
        None,
        max_length=200,
        description="What is wanted, in English or Chinese: alone, or what a photo does not say.",
        examples=["red running shoes"],
    )
    box: str | None = Field(
        None,
        description="The garment, as x0,y0,x1,y1 in pixels of the upright photo. Default: what is found.",
        examples=["40,60,320,500"],
    )
    category: list[str] = Field([], description="Any of these; repeat the field.", examples=[["Tshirts"]])
    gender: str | None = Field(None, examples=["Women"])
    season: str | None = Field(None, examples=["Summer"])
    max_price: Annotated[float | None, Decimal] = Field(None, gt=0)
    in_stock: Annotated[bool, Switch] = Field(
        False, description="Only what can be bought now: `true` or `false`."
    )
    k: Annotated[int, Digits] = Field(10, ge=1, le=MAX_K, description="How many items.")

    def filters(self) -> Filters:
        return Filters(
            categories=tuple(filter(None, self.category)),  # HTML sends '' for no choice
            gender=self.gender,
            season=self.season,
            max_price=self.max_price,
            in_stock=self.in_stock,
        )

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if self.photo is None and not self.text:
            raise ValueError("expected a photo, a text, or both")
        return self


class CategoryProbability(BaseModel):
    """A predicted category of the photo."""

    model_config = ConfigDict(json_schema_extra={"example": _CATEGORY})

    name: str
    probability: float = Field(ge=0, le=1)


class FoundBox(BaseModel):
    """One detected item of the photo; send its box to search for it instead."""

    box: tuple[float, float, float, float] = Field(
        description="x0, y0, x1, y1 in pixels of the upright photo."
    )
    category: str = Field(description="A coarse kind, such as 'bag'; 'item' before a plain background.")
    score: float = Field(ge=0, le=1)
    chosen: bool = Field(description="Whether this answer is about it.")


class FoundItem(BaseModel):
    """One item of the catalogue."""

    model_config = ConfigDict(json_schema_extra={"example": _ITEM})

    item_id: str
    score: float = Field(description="Cosine similarity to the photo: 1 is the same picture.")
    title: str
    category: str
    price: float | None
    rating: float | None = Field(description="Mean of the reviews, 0 to 5.")
    num_reviews: int | None
    picture: str = Field(description="Path of the item's picture on this server.")

    @classmethod
    def of(cls, hit: Hit, release_id: str) -> Self:
        return cls(
            item_id=hit.item_id,
            score=hit.score,
            title=hit.title,
            category=hit.category,
            price=shown_price(hit.price),
            rating=hit.rating,
            num_reviews=hit.num_reviews,
            picture=picture_path(hit.item_id, release_id),
        )


class SearchAnswer(BaseModel):
    """The nearest items, best first, and which release found them."""

    release: str
    data_version: str
    category: list[CategoryProbability] = Field(description="The three likeliest, best first.")
    items: list[FoundItem]
    boxes: list[FoundBox] = Field(
        description="What was seen in the photo, the chosen one first; empty where the request names a box, "
        "or the release has no detector (see /health)."
    )
    took_ms: float = Field(description="From the last byte of the photo to the answer.")

    @classmethod
    def of(cls, answer: Answer) -> Self:
        return cls(
            release=answer.release_id,
            data_version=answer.data_version,
            category=[
                CategoryProbability(name=guess.name, probability=round(guess.probability, 6))
                for guess in answer.categories
            ],
            items=[FoundItem.of(hit, answer.release_id) for hit in answer.items],
            boxes=[
                FoundBox(
                    box=seen.box.as_tuple(),
                    category=seen.category,
                    score=round(min(seen.score, 1.0), 4),
                    chosen=seen.chosen,
                )
                for seen in answer.boxes
            ],
            took_ms=round(1000 * sum(answer.seconds.values()), 2),
        )


class ItemFacts(BaseModel):
    """All that the index knows of an item."""

    release: str
    item_id: str
    title: str
    category: str
    department: str | None
    gender: str | None
    colour: str | None
    price: float | None
    rating: float | None
    num_reviews: int | None
    stock: int | None
    picture: str


class ReleaseFacts(BaseModel):
    """The live release."""

    release: str
    data_version: str
    created_at: str
    loaded_at: datetime
    rows: int
    model_digest: str
    index: str = Field(description="Name and version of the index.")
    categories: list[str]
    detector_digest: str | None = Field(description="Of the detector's contract; null without a detector.")


class Failure(BaseModel):
    """A newer release that could not be loaded; the one before it answers."""

    release: str | None
    error: str
    since: datetime

    @classmethod
    def of(cls, failure: LoadFailure) -> Self:
        return cls(release=failure.release_id, error=failure.error, since=failure.since)


class Health(BaseModel):
    """Ready to answer."""

    status: str = Field(description="`ok`, or `stale` while a newer release cannot be loaded.")
    release: str
    data_version: str
    loaded_at: datetime
    rows: int
    searcher: str = Field(description="What finds the nearest items: exact, or through which graph.")
    finds_items: bool = Field(
        description="Whether the release has a detector; else boxless photos are whole."
    )
    failure: Failure | None = None
    left_out: list[str] = Field(
        [], description="Own templates and rule files that could not be used when this release was loaded."
    )


class Problem(BaseModel):
    """An error, as RFC 9457 has it."""

    title: str
    status: int
    detail: str
    request_id: str | None = None


def shown_price(price: float | None) -> float | None:
    """Round a price to a hundredth: not 56.9900016784668."""
    return None if price is None or math.isnan(price) else round(price, 2)


def picture_path(item_id: str, release_id: str) -> str:
    return f"/v1/pictures/{quote(item_id, safe='')}?release={quote(release_id, safe='')}"
