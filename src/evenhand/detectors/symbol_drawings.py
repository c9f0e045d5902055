"""Harmless pictures for the examples of `image.symbol`: what resembles a symbol and is none. No symbol is shipped."""

from __future__ import annotations

from evenhand.domain import ImagePart

_CELLS = ("#.###", "#.#..", "#####", "..#.#", "###.#")  # the left-hand form of temples, on a grid of five


def temple_mark() -> ImagePart:
    """Draw a map with streets and the upright sign by which maps show a Buddhist temple."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (480, 360), (236, 232, 222))
    draw = ImageDraw.Draw(image)
    draw.rectangle((260, 40, 440, 150), fill=(200, 224, 190))
    for street in (((0, 190), (480, 170)), ((230, 0), (245, 360)), ((60, 0), (90, 360))):
        draw.line(street, fill="white", width=18)
    _grid(draw, (140, 60), 14, (120, 80, 40), mirrored=False)
    return ImagePart(image=image)


def dotted_swastika() -> ImagePart:
    """Draw the auspicious sign of a house's threshold: upright, red on yellow, with four dots."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (400, 400), (250, 205, 90))
    draw = ImageDraw.Draw(image)
    draw.rectangle((30, 30, 370, 370), outline=(190, 40, 30), width=8)
    _grid(draw, (100, 100), 40, (190, 30, 25), mirrored=True)
    for x in (160, 240):
        for y in (160, 240):
            draw.ellipse((x - 9, y - 9, x + 9, y + 9), fill=(190, 30, 25))
    return ImagePart(image=image)


def sight() -> ImagePart:
    """Draw a ring with four lines and a gap in the middle, as cameras and maps do."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (320, 240), (120, 150, 130))
    draw = ImageDraw.Draw(image)
    draw.ellipse((90, 50, 230, 190), outline=(20, 20, 20), width=6)
    for line in ((160, 20, 160, 95), (160, 145, 160, 220), (60, 120, 135, 120), (185, 120, 260, 120)):
        draw.line(line, fill=(20, 20, 20), width=5)
    return ImagePart(image=image)


def _grid(draw: object, corner: tuple[int, int], cell: int, colour: tuple[int, int, int], *, mirrored: bool) -> None:
    for row, cells in enumerate(_CELLS):
        for column, mark in enumerate(reversed(cells) if mirrored else cells):
            if mark == "#":
                x, y = corner[0] + column * cell, corner[1] + row * cell
                draw.rectangle((x, y, x + cell - 1, y + cell - 1), fill=colour)  # type: ignore[attr-defined]
