"""Outfits over HTTP: sets around items, under the rules of the live release, and pictures of sets."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from atelier.collage.collage import CollageOptions
from atelier.serving.problems import responses
from atelier.serving.routes import ServiceOf
from atelier.serving.schemas import MAX_SEED, UserId, picture_path, shown_price
from atelier.styling.stylist import MAX_SETS, MAX_TRIGGERS, MadeSet, SetPiece, Stylist, Wishes

router = APIRouter()


MAX_TEXTS = 32
"""Texts of one collage; a template has areas for as many as its designer wants."""
Name = Annotated[str, Field(min_length=1, max_length=200)]
"""What a request may name; an error repeats no more of it than that."""


class PlacedItem(BaseModel):
    """An item and the slot it stands in."""

    model_config = ConfigDict(strict=True)

    slot: Name
    item_id: Name


class OutfitWishes(BaseModel):
    """The body of a request to `/v1/outfits`."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"example": {"items": ["10268"], "rules": "mens-wear"}},
    )

    items: Annotated[
        list[Name], Field(min_length=1, max_length=MAX_TRIGGERS, description="Ids; all stand in each set.")
    ]
    rules: Annotated[Name, Field(description="Rules by their name in the release; `/v1/rules` lists them.")]
    k: Annotated[int, Field(ge=1, le=MAX_SETS, description="Sets to make.")] = 1
    variety: Annotated[
        float, Field(ge=0, le=1, description="How far the pieces of a set are held apart.")
    ] = 0.0
    most_shared: Annotated[int, Field(ge=0, le=10, description="Pieces that two sets may share.")] = 1
    seed: Annotated[int, Field(ge=0, le=MAX_SEED, description="Another one gives other sets.")] = 0
    user: Annotated[
        UserId | None,
        Field(description="Of good sets, those this user probably clicks."),
    ] = None


class OutfitPiece(BaseModel):
    """An item in its slot, with the attributes for a shopper."""

    slot: str
    item_id: str
    title: str
    category: str
    price: float | None
    picture: str


class OutfitSet(BaseModel):
    """A complete set, the requested items first."""

    pieces: list[OutfitPiece]
    score: float
    liking: float | None
    """How likely the asked user is to click it, 0 to 1; null where none was named."""
    price: float | None
    """Of all pieces; null where one's is not known."""


class OutfitAnswer(BaseModel):
    """Sets that keep the rules, the best first."""

    release: str
    rules: str
    sets: list[OutfitSet]

    @classmethod
    def of(cls, stylist: Stylist, rules: str, made: list[MadeSet]) -> OutfitAnswer:
        return cls(
            release=stylist.release.release_id, rules=rules, sets=[_shown(stylist, each) for each in made]
        )


class CollageSet(BaseModel):
    """The body of a request to `/v1/collages`."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "example": {"pieces": [{"slot": "top", "item_id": "10268"}], "texts": {"title": "City walk"}}
        },
    )

    pieces: Annotated[list[PlacedItem], Field(min_length=1, max_length=12)]
    texts: Annotated[
        dict[Name, str], Field(max_length=MAX_TEXTS, description="By text area: 'title', 'subtitle'.")
    ] = {}
    template: Annotated[Name | None, Field(description="Name of a template; without one the best match.")] = (
        None
    )
    width: Annotated[int, Field(ge=64, le=2048)] = 800
    height: Annotated[int, Field(ge=64, le=2048)] = 800
    format: Literal["jpeg", "png", "webp"] = "jpeg"
    seed: Annotated[int, Field(ge=0, le=MAX_SEED)] = 0


class RuleNames(BaseModel):
    """The rules that the live release makes sets under."""

    release: str
    rules: list[str]


@router.post("/v1/outfits", responses=responses(422, 503), tags=["outfits"])
async def make_outfits(service: ServiceOf, wishes: OutfitWishes) -> OutfitAnswer:
    """Make complete sets around items; each keeps every rule."""
    stylist = service.live.current.stylist
    how = Wishes(wishes.k, wishes.variety, wishes.most_shared, wishes.seed, wishes.user)
    made = await service.work(stylist.make, wishes.items, wishes.rules, how)
    return OutfitAnswer.of(stylist, wishes.rules, made)


@router.post(
    "/v1/collages",
    responses=responses(422, 503)
    | {
        200: {"content": {"image/jpeg": {}, "image/png": {}, "image/webp": {}}, "description": "The picture."}
    },
    response_class=Response,
    tags=["outfits"],
)
async def make_collage(service: ServiceOf, wanted: CollageSet) -> Response:
    """Lay a set out as a picture."""
    showcase = service.live.current.showcase

    def draw() -> tuple[bytes, str]:
        options = CollageOptions(size=(wanted.width, wanted.height), seed=wanted.seed)
        pieces = [SetPiece(each.slot, each.item_id) for each in wanted.pieces]
        collage = showcase.draw(pieces, texts=wanted.texts, template=wanted.template, options=options)
        return collage.encode(wanted.format), collage.template or "none"

    picture, template = await service.work(draw)
    return Response(picture, media_type=f"image/{wanted.format}", headers={"X-Template": quote(template)})


@router.get("/v1/rules", responses=responses(503), tags=["outfits"])
async def rule_names(service: ServiceOf) -> RuleNames:
    """List the rules by name."""
    stylist = service.live.current.stylist
    return RuleNames(release=stylist.release.release_id, rules=sorted(stylist.rules_paths))


def _shown(stylist: Stylist, made: MadeSet) -> OutfitSet:
    pieces = []
    for piece in made.pieces:
        facts = stylist.attributes_of(piece.item_id)
        pieces.append(
            OutfitPiece(
                slot=piece.slot,
                item_id=piece.item_id,
                title=facts["title"],
                category=facts["category"],
                price=shown_price(facts["price"]),
                picture=picture_path(piece.item_id, stylist.release.release_id),
            )
        )
    prices = [piece.price for piece in pieces]
    total = None if None in prices else shown_price(sum(price for price in prices if price is not None))
    liking = None if made.liking is None else round(made.liking, 4)
    return OutfitSet(pieces=pieces, score=round(made.score, 4), liking=liking, price=total)
