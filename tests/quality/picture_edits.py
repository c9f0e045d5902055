"""Edits that people make to a picture before they post it again; each is the same for the same picture."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from functools import partial

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageOps

Picture = Image.Image
Edit = Callable[[Picture], Picture]


def jpeg(image: Picture, *, quality: int) -> Picture:
    """Save as JPEG and open again."""
    held = io.BytesIO()
    image.save(held, "JPEG", quality=quality)
    return Image.open(held).convert("RGB")


def scaled(image: Picture, *, by: float) -> Picture:
    """Shrink or enlarge."""
    return image.resize((max(8, round(image.width * by)), max(8, round(image.height * by))))


def squeezed(image: Picture) -> Picture:
    """Make a quarter narrower, height kept."""
    return image.resize((max(8, round(image.width * 0.75)), image.height))


def cropped(image: Picture, *, keep: float, across: float = 0.5, down: float = 0.5) -> Picture:
    """Keep a share of each side; `across` and `down` say where it lies, 0 to 1."""
    wide, high = max(1, round(image.width * keep)), max(1, round(image.height * keep))
    left, top = round((image.width - wide) * across), round((image.height - high) * down)
    return image.crop((left, top, left + wide, top + high))


def letterboxed(image: Picture, *, share: float = 0.2) -> Picture:
    """Put black bars above and below, each `share` of the height."""
    return ImageOps.expand(image, (0, round(image.height * share)), fill="black")


def framed(image: Picture, *, share: float = 0.1) -> Picture:
    """Put a white frame around."""
    return ImageOps.expand(image, round(max(image.size) * share), fill="white")


def stamped(image: Picture) -> Picture:
    """Draw a logo of a fifth of the width into the lower right corner."""
    out, side = image.copy(), max(8, image.width // 5)
    right, bottom = image.width - side // 4, image.height - side // 4
    draw = ImageDraw.Draw(out)
    draw.rounded_rectangle((right - side, bottom - side // 2, right, bottom), side // 8, fill=(250, 210, 30))
    draw.ellipse((right - side + side // 8, bottom - side * 3 // 8, right - side * 5 // 8, bottom - side // 8), "navy")
    draw.rectangle((right - side // 2, bottom - side * 5 // 16, right - side // 8, bottom - side * 3 // 16), "navy")
    return out


def captioned(image: Picture) -> Picture:
    """Write two lines across the upper fifth, white on a dark band."""
    out, high = image.copy(), max(8, image.height // 5)
    draw = ImageDraw.Draw(out)
    draw.rectangle((0, 0, image.width, high), fill=(20, 20, 20))
    for line, words in enumerate(("when it is monday", "and the coffee is out")):
        draw.text((image.width // 20, high * (line * 9 + 1) // 20), words, "white", font_size=max(8, high * 2 // 5))
    return out


def turned(image: Picture, *, degrees: int) -> Picture:
    """Turn; beyond quarter turns the corners become black."""
    return image.rotate(degrees, Image.Resampling.BILINEAR, expand=degrees % 90 == 0)


def lit(image: Picture, *, by: float) -> Picture:
    """Make brighter, with more contrast."""
    return ImageEnhance.Contrast(ImageEnhance.Brightness(image).enhance(by)).enhance(by)


def grey(image: Picture) -> Picture:
    """Take the colour out."""
    return ImageOps.grayscale(image).convert("RGB")


def screenshot(image: Picture) -> Picture:
    """Show on a telephone's screen: bars above and below, a line of text, room at the sides, saved as JPEG."""
    wide, high = image.size
    out = Image.new("RGB", (round(wide * 1.1), round(high * 1.5)), (245, 245, 245))
    draw = ImageDraw.Draw(out)
    draw.rectangle((0, 0, out.width, round(high * 0.12)), fill=(30, 60, 110))
    draw.text((wide // 20, round(high * 0.14)), "someone shared a picture", "black", font_size=max(8, high // 24))
    out.paste(image, (round(wide * 0.05), round(high * 0.22)))
    return jpeg(out, quality=70)


EDITS: Mapping[str, Edit] = {
    "JPEG at quality 30": partial(jpeg, quality=30),
    "resized to a quarter": partial(scaled, by=0.25),
    "a quarter narrower": squeezed,
    "grey": grey,
    "brighter, more contrast": partial(lit, by=1.3),
    "blurred": lambda image: image.filter(ImageFilter.GaussianBlur(max(image.size) / 200)),
    "mirrored": ImageOps.mirror,
    "turned by 90 degrees": partial(turned, degrees=90),
    "turned by 180 degrees": partial(turned, degrees=180),
    "turned by 5 degrees": partial(turned, degrees=5),
    "turned by 15 degrees": partial(turned, degrees=15),
    "crop, 90% of each side": partial(cropped, keep=0.9, across=0.2, down=0.8),
    "crop, 70% of each side": partial(cropped, keep=0.7, across=0.3, down=0.6),
    "crop, 50% of each side": partial(cropped, keep=0.5),
    "letterbox, bars of 20%": letterboxed,
    "white frame of 10%": framed,
    "logo in a corner": stamped,
    "caption over the upper fifth": captioned,
    "screenshot of it in a post": screenshot,
    "mirrored, 80% crop, JPEG": lambda image: jpeg(cropped(ImageOps.mirror(image), keep=0.8), quality=40),
}
