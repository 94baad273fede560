"""Every article type with the function that draws it."""

from __future__ import annotations

from atelier.simulate.garments import accessories, bags, bottoms, footwear, tops
from atelier.simulate.look import Drawer

DRAWERS: dict[str, Drawer] = {
    "Tshirts": tops.tshirt,
    "Shirts": tops.shirt,
    "Tops": tops.top,
    "Sweaters": tops.sweater,
    "Sweatshirts": tops.sweatshirt,
    "Jackets": tops.jacket,
    "Coats": tops.coat,
    "Dresses": tops.dress,
    "Jeans": bottoms.jeans,
    "Trousers": bottoms.trousers,
    "Leggings": bottoms.leggings,
    "Shorts": bottoms.shorts,
    "Skirts": bottoms.skirt,
    "Socks": bottoms.socks,
    "Sneakers": footwear.sneakers,
    "Formal Shoes": footwear.formal_shoes,
    "Heels": footwear.heels,
    "Boots": footwear.boots,
    "Sandals": footwear.sandals,
    "Flip Flops": footwear.flip_flops,
    "Handbags": bags.handbag,
    "Clutches": bags.clutch,
    "Backpacks": bags.backpack,
    "Wallets": bags.wallet,
    "Umbrellas": bags.umbrella,
    "Caps": accessories.cap,
    "Hats": accessories.hat,
    "Belts": accessories.belt,
    "Watches": accessories.watch,
    "Sunglasses": accessories.sunglasses,
    "Scarves": accessories.scarf,
    "Ties": accessories.tie,
    "Necklaces": accessories.necklace,
    "Gloves": accessories.gloves,
}
