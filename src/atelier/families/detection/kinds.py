"""Maps article types and labels to the few kinds of items that a detector predicts.

Catalogues name a hundred article types and street photos are labelled in everyday words; a detector needs
what both share. Which very article it is, is the retrieval family's business.
"""

from __future__ import annotations

import re

OTHER = "other"
_WORDS: dict[str, str] = {
    "top": "tshirt shirt top blouse sweater sweatshirt jumper cardigan kurta kurti tunic vest waistcoat "
    "camisole hoodie pullover shrug bodysuit polo tee",
    "outerwear": "jacket coat blazer suit cape parka",
    "bottom": "jean trouser pant short skirt legging jegging capri churidar salwar patiala chino jogger",
    "dress": "dress romper jumpsuit saree nightdress gown robe tracksuit swimwear dungaree overall",
    "innerwear": "brief bra trunk boxer shapewear innerwear lingerie",
    "legwear": "sock stocking tight booties",
    "footwear": "shoe heel sandal flat flop boot sneaker loafer pump slipper trainer footwear",
    "bag": "bag handbag backpack clutch clutche wallet purse rucksack pouch suitcase",
    "headwear": "cap hat beanie headband headwear",
    "eyewear": "sunglass sunglasses glasses eyewear",
    "jewellery": "earring necklace chain ring pendant bangle bracelet jewellery cufflink watch watche",
    "accessory": "belt tie scarf scarve stole muffler dupatta glove suspender umbrella accessory accessories",
}
KINDS: tuple[str, ...] = (*_WORDS, OTHER)
"""The kinds, in the order of the network's outputs."""

NOT_ITEMS = frozenset({"skin", "hair", "face", "background"})
"""Labels of street photos that nobody sells."""

_KIND_OF = {word: kind for kind, words in _WORDS.items() for word in words.split()}


def kind_of(name: str) -> str:
    """Map an article type or a label to its kind: 'Casual Shoes' is 'footwear'; `OTHER` if none is known.

    The last word that is known decides, as it does in English: a 'Rain Jacket', a 'Messenger Bag'.
    """
    for word in reversed(re.findall(r"[a-z]+", name.lower().replace("t-shirt", "tshirt"))):
        for form in (word, word.removesuffix("s"), word.removesuffix("es")):
            if form in _KIND_OF:
                return _KIND_OF[form]
    return OTHER
