"""Templates: those of the library, the format, and mistakes that are named with file, line and place."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from atelier.collage.boxes import inside, overlap
from atelier.collage.templates import library, parse_template, read_template
from atelier.errors import TemplateError
from atelier.vocabulary import Box

PLAIN = """{
  "name": "Plain",
  "canvas": [1000, 1000],
  "margin": 50,
  "background": {"colour": "#F4EFE8"},
  "boxes": [
    {"slots": ["top"], "box": [50, 50, 450, 450]},
    {"slots": ["shoes"], "box": [500, 500, 950, 950], "align": "bottom right"}
  ],
  "texts": [
    {"name": "title", "box": [500, 50, 950, 150], "size": 60, "colour": "#222222"}
  ]
}"""


def test_the_library_has_at_least_twelve_templates_with_names_of_their_own() -> None:
    templates = library()
    assert len(templates) >= 12
    assert len({template.name for template in templates}) == len(templates)
    slots = {slot for template in templates for box in template.boxes for slot in box.slots}
    assert {"top", "bottom", "dress", "outer", "shoes", "bag", "accessory", "bed", "tent", "*"} <= slots


def test_no_box_of_the_library_leaves_the_canvas_or_meets_another_unless_it_says_so() -> None:
    for template in library():
        canvas = Box(
            template.margin,
            template.margin,
            template.width - template.margin,
            template.height - template.margin,
        )
        assert all(inside(each.box, canvas) for each in template.boxes)
        assert all(inside(each.box, canvas) for each in template.texts)
        for one, other in combinations(template.boxes, 2):
            if other.name not in one.may_overlap and one.name not in other.may_overlap:
                assert overlap(one.box, other.box) == 0, (template.name, one.name, other.name)


def test_a_template_is_read_as_it_is_written() -> None:
    template = parse_template(PLAIN)
    assert (template.name, template.width, template.margin) == ("Plain", 1000, 50)
    top, shoes = template.boxes
    assert (top.name, top.slots, top.box.as_tuple()) == ("top", ("top",), (50, 50, 450, 450))
    assert (top.across, top.down) == (0.5, 0.5)
    assert (shoes.across, shoes.down) == (1.0, 1.0)
    assert template.panels[0].colour == (0xF4, 0xEF, 0xE8)
    assert template.texts[0].colour == (0x22, 0x22, 0x22)


def test_boxes_that_may_overlap_must_exist_and_then_do() -> None:
    boxes = [
        {"slots": ["top"], "box": [0, 0, 60, 60], "may_overlap": ["bottom"]},
        {"slots": ["bottom"], "box": [40, 40, 100, 100]},
    ]
    document = {"name": "x", "canvas": [100, 100], "boxes": boxes}
    assert parse_template(json.dumps(document)).boxes[0].may_overlap == {"bottom"}
    boxes[0]["may_overlap"] = ["skirt"]
    with pytest.raises(TemplateError, match="may_overlap names no box or text: skirt"):
        parse_template(json.dumps(document))


def test_a_background_picture_lies_beside_its_template(tmp_path: Path) -> None:
    text = PLAIN.replace('{"colour": "#F4EFE8"}', '{"colour": "#F4EFE8", "picture": "paper.png"}')
    path = tmp_path / "mine.json"
    path.write_text(text)
    with pytest.raises(
        TemplateError, match=r"line 5, column 50: background\.picture: .*'paper\.png' cannot be read"
    ):
        read_template(path)
    Image.new("RGB", (64, 64), (1, 2, 3)).save(tmp_path / "paper.png")
    picture = read_template(path).picture
    assert picture is not None
    np.testing.assert_array_equal(picture[5, 5], [1, 2, 3])
    path.write_text(text.replace("paper.png", "../paper.png"))
    with pytest.raises(TemplateError, match="lies beside the template's file"):
        read_template(path)


def test_a_template_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"nowhere\.json does not exist"):
        read_template(tmp_path / "nowhere.json")


def test_the_example_of_the_reference_is_a_template() -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "collage-templates.md"
    example = page.read_text(encoding="utf-8").split("```json\n")[1].split("```")[0]
    template = parse_template(example, "example")
    assert [box.name for box in template.boxes] == ["top", "bottom", "extra", "shoes"]
    assert template.texts[0].style == "serif"
