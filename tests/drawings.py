"""Drawings for tests, of what no photograph is shipped of."""

from __future__ import annotations

from PIL import Image, ImageDraw


def pistol(size: tuple[int, int] = (640, 360)) -> Image.Image:
    """Draw a pistol on a plain ground."""
    ink, dark, light = (42, 42, 46), (25, 25, 28), (78, 78, 84)
    image = Image.new("RGB", (640, 360), (225, 222, 215))
    draw = ImageDraw.Draw(image)
    draw.rectangle((170, 100, 470, 150), fill=ink)  # slide
    draw.rectangle((465, 112, 480, 128), fill=dark)  # muzzle
    draw.polygon(
        [(175, 150), (440, 150), (440, 172), (300, 172), (290, 185), (255, 185), (175, 172)], fill=(60, 60, 64)
    )
    draw.polygon([(180, 160), (255, 165), (228, 290), (150, 285)], fill=(55, 45, 40))  # grip
    draw.arc((245, 165, 320, 230), 0, 180, fill=ink, width=8)  # guard
    draw.line((318, 172, 318, 200), fill=ink, width=8)
    draw.line((275, 175, 268, 212), fill=ink, width=7)  # trigger
    for x in range(185, 230, 9):
        draw.line((x, 104, x, 146), fill=light, width=3)
    draw.rectangle((300, 104, 360, 120), fill=light)
    draw.rectangle((455, 92, 463, 101), fill=ink)  # sights
    draw.rectangle((178, 92, 195, 101), fill=ink)
    return image.resize(size)
