"""Defines the real sizes of things, by category or else by slot: a watch is smaller than trousers."""

from __future__ import annotations

from atelier.collage.boxes import Piece

TEMPER = 0.6
"""Power of the real size: at 1 a ring beside trousers would be a dot, at 0 it would be as long."""
USUAL_CM = 45.0
"""Taken where neither the category nor the slot is known."""

_CM: dict[str, float] = {
    name: centimetres
    for centimetres, names in {
        2.5: "ring, rings, cufflinks",
        5: "earrings, pendant",
        8: "bracelet, bangle, bracelets, bangles, jewellery set, lipstick, nail polish, shoe accessories",
        12: "wallets, mobile pouch, wristbands, headband, perfume, perfume and body mist, headlamps",
        14: "sunglasses, torches, accessory gift set",
        18: "watches, torch, bow ties, shoelaces",
        22: "caps, clutches, gloves, waist pouch, lanterns, lantern, necklaces, necklace and chains",
        25: "belts, flats, socks, briefs, bra, trunk, water bottle, travel accessory, hat, hats",
        27: "sandals, flip flops, heels, sports sandals, boxers, swimwear, camping stoves",
        29: "casual shoes, sports shoes, formal shoes, sneakers, shoes, booties",
        34: "handbags, messenger bag, tablet sleeve, boots",
        36: "laptop bag, bags, stools",
        45: "shorts, lounge shorts",
        46: "backpacks, duffel bag, rucksacks, skirts, table lamps, lamp, cushions",
        50: "bedside tables, bedside table, sleeping bags, grill, camping mats",
        52: "ties, mufflers, stockings, suspenders",
        56: "grills, sleeping",
        58: "tops, innerwear vests, camisoles, shrug, blouses, waistcoat, tights",
        64: "tshirts, lounge tshirts, sweaters, sweatshirts, trolley bag, scarves, stoles, baby dolls",
        68: "shirts, jackets, blazers, rain jacket, tunics, kurtis, prints, paintings, wall picture",
        72: "umbrellas, mirrors, dupatta, rompers, capris",
        85: "kurtas, night suits, jumpsuit, throws, chairs, leggings, churidar",
        92: "coats, nightdress, dresses, jeans, trousers, track pants, lounge pants, jeggings, patiala",
        100: "rain trousers, salwar, kurta sets, clothing set, tracksuits, bath robe, robe",
        110: "sarees, climbing suits, climbing suit",
        130: "rugs, floor lamps, textile",
        170: "tents, tent, sofas, daybeds",
        200: "beds, bed",
    }.items()
    for name in names.split(", ")
}
"""The longer side, in centimetres, of a thing as shops photograph it: a belt rolled up, a tent pitched."""

_SLOT_CM: dict[str, float] = {
    "top": 64,
    "bottom": 90,
    "dress": 95,
    "whole": 95,
    "outer": 74,
    "shoes": 29,
    "bag": 36,
    "accessory": 22,
    "extra": 22,
    **{name: _CM[name] for name in ("bed", "bedside table", "lamp", "wall picture", "textile")},
    **{name: _CM[name] for name in ("tent", "torch", "climbing suit", "sleeping", "grill")},
}


def real_cm(category: str | None, slot: str | None) -> float:
    """Return the longer side of a thing in centimetres: by category, else by slot, else `USUAL_CM`."""
    by_category = _CM.get((category or "").strip().lower())
    return by_category or _SLOT_CM.get((slot or "").strip().lower(), USUAL_CM)


def shown_size(piece: Piece) -> tuple[float, float]:
    """Compute the relative (width, height) at which a piece is shown: a shirt's longer side is about 1."""
    longer = float((real_cm(piece.category, piece.slot) / 68) ** TEMPER)
    aspect = piece.aspect
    return (longer * aspect, longer) if aspect < 1 else (longer, longer / aspect)
