"""How much a mosaic tells: python benchmarks/redaction.py

All 10,000 four-digit numbers are set in one font at a known place and summarised as `redact_cover` does. As many
differ as an attacker who tries all can tell apart; divided by 10,000, it is the share that one guess gets right.
"""

from __future__ import annotations

from PIL import Image, ImageDraw, ImageFont

from evenhand.actions.redact_cover import SMALLEST


def summary(image: Image.Image, cells: int, levels: int) -> bytes:
    """Give all that a mosaic of so many cells and levels says about a grey picture."""
    width, height = image.size
    block = max(SMALLEST, -(-max(width, height) // cells))
    grid = image.resize((-(-width // block), -(-height // block)), Image.Resampling.BOX)
    return bytes(value // (256 // levels) for value in grid.tobytes())


def numbers(size: int) -> list[Image.Image]:
    """Draw 0000 to 9999 in letters of `size` pixels."""
    font = ImageFont.load_default(size)
    shape = (int(font.getlength("0000")) + 8, int(size * 1.4))
    drawn = []
    for number in range(10_000):
        image = Image.new("L", shape, 255)
        ImageDraw.Draw(image).text((4, 2), f"{number:04d}", fill=0, font=font)
        drawn.append(image)
    return drawn


if __name__ == "__main__":
    for size in (16, 32, 64):
        pictures = numbers(size)
        for cells, levels in ((8, 256), (4, 256), (8, 4), (4, 16), (4, 4)):
            told = len({summary(image, cells, levels) for image in pictures})
            print(f"{size} px, {cells} x {levels}: one guess in {10_000 / told:.0f} is right ({told / 10_000:.4f})")
