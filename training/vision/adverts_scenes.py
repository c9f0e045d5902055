"""Layouts that adverts and harmless pictures share: posters, photos with captions, chats, receipts, watermarks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from training.vision.adverts_type import Colour, Fonts, layer

LOW_CONTRAST = (22, 40)  # grey levels between letters and ground


@dataclass(frozen=True, slots=True, kw_only=True)
class Studio:
    """What pictures are made with."""

    fonts: Fonts
    photos: tuple[Path, ...] = ()  # grounds; none: drawn ones


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a picture says."""

    language: str
    lines: Sequence[str]  # the first is the title
    title: bool = True  # the first line is larger
    messages: Sequence[str] = ()  # of a chat, around the lines; or the text around them in a long picture
    tags: Sequence[str] = ()  # prices


def ground(random: Random, studio: Studio, size: tuple[int, int], *, photo: bool) -> Image.Image:
    """Give a plain, graded or photographic ground."""
    if photo and studio.photos:
        with Image.open(random.choice(studio.photos)) as opened:
            image = opened.convert("RGB")
        scale = max(size[0] / image.width, size[1] / image.height)
        image = image.resize((round(image.width * scale) + 1, round(image.height * scale) + 1))
        x, y = random.randint(0, image.width - size[0]), random.randint(0, image.height - size[1])
        return image.crop((x, y, x + size[0], y + size[1]))
    if photo:
        grain = np.random.default_rng(random.randint(0, 2**31))
        small = grain.integers(40, 215, (max(2, size[1] // 90), max(2, size[0] // 90), 3), dtype=np.uint8)
        return Image.fromarray(small).resize(size, Image.Resampling.BICUBIC)
    top, bottom = _colour(random), _colour(random)
    if random.random() < 0.5:
        return Image.new("RGB", size, top)
    ramp = np.linspace(0, 1, size[1])[:, None, None]
    graded = np.broadcast_to((1 - ramp) * np.array(top) + ramp * np.array(bottom), (size[1], size[0], 3))
    return Image.fromarray(graded.astype(np.uint8))


def poster(random: Random, studio: Studio, words: Words, *, faint: bool = False, slant: float = 0.0) -> Image.Image:
    """Set lines on a plain ground, as on a flyer, a notice or a sign."""
    size = (random.randint(520, 1100), random.randint(480, 1100))
    image = ground(random, studio, size, photo=False)
    _put(random, studio, image, words, faint=faint, slant=slant)
    return image


def overlay(random: Random, studio: Studio, words: Words, *, faint: bool = False, slant: float = 0.0) -> Image.Image:
    """Set lines on a photo, outlined or on a panel."""
    image = ground(random, studio, (random.randint(640, 1200), random.randint(560, 1000)), photo=True)
    _put(random, studio, image, words, faint=faint, slant=slant, room=random.uniform(0.6, 0.9), outlined=True)
    return image


def shop(random: Random, studio: Studio, words: Words, *, faint: bool = False, slant: float = 0.0) -> Image.Image:
    """Set a logo, goods with price tags, and lines below them."""
    size = (random.randint(700, 1000), random.randint(760, 1100))
    image = Image.new("RGB", size, (250, 248, 244))
    draw = ImageDraw.Draw(image)
    main = _colour(random)
    draw.ellipse((30, 30, 130, 130), fill=main)
    mark = layer(
        studio.fonts, [words.lines[0][0]], font=studio.fonts.pick(random, words.language), sizes=[54], ink=(255,) * 3
    )
    image.paste(mark, (80 - mark.width // 2, 80 - mark.height // 2), mark)
    wide = (size[0] - 40) // max(1, len(words.tags))
    for i, tag in enumerate(words.tags):
        x = 20 + i * wide
        draw.rounded_rectangle((x + 10, 160, x + wide - 10, 400), radius=24, fill=_colour(random))
        price = layer(
            studio.fonts, [tag], font=studio.fonts.pick(random, words.language), sizes=[40], ink=(200, 20, 20), weight=1
        )
        image.paste(price, (x + 20, 405), price)
    below = Image.new("RGB", (size[0], size[1] - 470), (250, 248, 244))
    _put(random, studio, below, words, faint=faint, slant=slant, room=0.9)
    image.paste(below, (0, 470))
    return image


def meme(random: Random, studio: Studio, words: Words, *, faint: bool = False, slant: float = 0.0) -> Image.Image:
    """Set the first line at the top of a photo and the others at its foot."""
    image = ground(random, studio, (random.randint(600, 900), random.randint(560, 900)), photo=True)
    font = studio.fonts.pick(random, words.language)
    ink: Colour = (255, 255, 255)
    for lines, top in ((words.lines[:1], True), (words.lines[1:], False)):
        if not lines:
            continue
        size = _fit(lines, image.width * 0.92, 0.11 * image.height)
        text = layer(studio.fonts, lines, font=font, sizes=[size], ink=ink, edge=(0, 0, 0), centred=True, gap=0.2)
        text = _turned(text, slant / 3)
        if faint:
            text = _faded(text, 0.35)
        y = 8 if top else image.height - text.height - 8
        image.paste(text, ((image.width - text.width) // 2, y), text)
    return image


def chat(random: Random, studio: Studio, words: Words, *, faint: bool = False, slant: float = 0.0) -> Image.Image:
    """Draw a chat, in which one message has the lines."""
    width, size = random.randint(640, 760), random.choice((26, 28, 30))
    dark = random.random() < 0.3
    sheet, font = (
        Image.new("RGB", (width, 1900), (18, 18, 20) if dark else (237, 237, 237)),
        studio.fonts.pick(random, words.language),
    )
    draw, y = ImageDraw.Draw(sheet), 90
    draw.rectangle((0, 0, width, 70), fill=(40, 40, 44) if dark else (250, 250, 250))
    before = random.randint(0, len(words.messages)) if words.messages else 0
    bubbles = [*([m] for m in words.messages[:before]), list(words.lines), *([m] for m in words.messages[before:])]
    for lines in bubbles:
        wrapped = [
            piece
            for line in lines
            for piece in wrap(line, round(width * 0.62 / size * (2 if words.language == "en" else 1)))
        ]
        mine = random.random() < 0.5
        fill: Colour = (
            ((38, 90, 60) if dark else (149, 236, 105)) if mine else ((44, 44, 46) if dark else (255, 255, 255))
        )
        ink: Colour = (235, 235, 235) if dark else (20, 20, 20)
        if faint and lines == list(words.lines):
            ink = _near(fill, random)
        text = layer(studio.fonts, wrapped, font=font, sizes=[size], ink=ink)
        x = width - text.width - 90 if mine else 80
        draw.rounded_rectangle((x - 8, y, x + text.width + 8, y + text.height + 8), radius=14, fill=fill)
        draw.ellipse((width - 66, y, width - 16, y + 50) if mine else (14, y, 64, y + 50), fill=_colour(random))
        sheet.paste(text, (x, y + 4), text)
        y += text.height + 30
    return _tilted(sheet.crop((0, 0, width, min(y + 20, 1900))), slant / 4)


def watermark(random: Random, studio: Studio, words: Words, *, faint: bool = False, slant: float = 0.0) -> Image.Image:
    """Repeat the lines all over a photo, at an angle, half transparent."""
    image = ground(random, studio, (random.randint(760, 1200), random.randint(640, 1000)), photo=True)
    font = studio.fonts.pick(random, words.language)
    size = random.randint(26, 38)
    text = layer(
        studio.fonts,
        words.lines,
        font=font,
        sizes=[size],
        ink=(255, 255, 255),
        edge=(90, 90, 90) if random.random() < 0.5 else None,
    )
    tile = _faded(
        _turned(text, slant or random.uniform(12, 32)), random.uniform(0.2, 0.3) if faint else random.uniform(0.4, 0.65)
    )
    step_x, step_y = tile.width + random.randint(30, 120), tile.height + random.randint(20, 80)
    for row, y in enumerate(range(-tile.height // 3, image.height, step_y)):
        for x in range(-(row % 2) * step_x // 2, image.width, step_x):
            image.paste(tile, (x, y), tile)
    return image


def scroll(random: Random, studio: Studio, words: Words, *, faint: bool = False, slant: float = 0.0) -> Image.Image:
    """Draw a long screenshot of text, with the lines somewhere in it."""
    width, size = random.randint(680, 760), 30
    around = [random.choice(words.messages) for _ in range(random.randint(40, 90))]
    at = random.randint(5, len(around) - 5)
    inner = list(words.lines)
    wide = round(width * 0.9 / size * (1.9 if words.language == "en" else 1))
    lines = [piece for line in [*around[:at], "", *inner, "", *around[at:]] for piece in wrap(line, wide)]
    ink: Colour = (40, 40, 40)
    text = layer(studio.fonts, lines, font=studio.fonts.pick(random, words.language), sizes=[size], ink=ink, gap=0.6)
    sheet = Image.new(
        "RGB", (max(width, text.width + 20), text.height + 60), (255, 255, 255) if not faint else (90, 90, 90)
    )
    sheet.paste(text, (20, 30), text)
    return sheet


SCENES = {
    "poster": poster, "overlay": overlay, "shop": shop, "meme": meme, "chat": chat, "watermark": watermark,
    "scroll": scroll,
}  # fmt: skip


def wrap(line: str, wide: int) -> list[str]:
    """Break a line at spaces, or anywhere where it has none, after at most `wide` characters."""
    pieces = []
    while len(line) > wide:
        cut = line.rfind(" ", wide // 2, wide)
        cut = cut if cut > 0 else wide
        pieces.append(line[:cut])
        line = line[cut:].lstrip()
    return [*pieces, line]


def _put(
    random: Random,
    studio: Studio,
    image: Image.Image,
    words: Words,
    *,
    faint: bool,
    slant: float,
    room: float = 0.86,
    outlined: bool = False,
) -> None:
    """Set the words somewhere on a picture."""
    font, body = studio.fonts.pick(random, words.language), words.lines
    size = _fit(body, image.width * room, image.height * 0.8 / (len(body) + 1) * 0.7)
    sizes = [round(size * random.uniform(1.1, 1.5))] + [size] * (len(body) - 1) if words.title else [size]
    sizes[0] = min(sizes[0], _fit(body[:1], image.width * room, image.height * 0.3))
    panel = outlined and random.random() < 0.4
    near = np.asarray(image).reshape(-1, 3).mean(axis=0)
    back: Colour = _colour(random) if panel else (int(near[0]), int(near[1]), int(near[2]))
    dark = sum(back) < 384
    ink: Colour = (
        _near(back, random)
        if faint
        else (random.randint(225, 255),) * 3
        if dark
        else (random.randint(0, 60), random.randint(0, 50), random.randint(0, 70))
    )
    edge: Colour | None = None if panel or not outlined or faint else ((0, 0, 0) if dark else (255, 255, 255))
    text = layer(
        studio.fonts, body, font=font, sizes=sizes, ink=ink, edge=edge,
        weight=random.choice((0, 0, 1)), centred=random.random() < 0.6,
    )  # fmt: skip
    if panel:
        card = Image.new("RGBA", text.size, (*back, 255))
        card.alpha_composite(text)
        text = card
    text = _turned(text, slant)
    if text.width > image.width or text.height > image.height:
        text.thumbnail(image.size)
    x, y = random.randint(0, image.width - text.width), random.randint(0, image.height - text.height)
    image.paste(text, (x, y), text)


def _fit(lines: Sequence[str], wide: float, high: float) -> int:
    units = max(sum(1.0 if ord(c) > 0x2000 else 0.62 for c in line) for line in lines)
    return max(14, min(round(high), round(wide / max(1.0, units)), 90))


def _near(colour: Colour, random: Random) -> Colour:
    """Give a colour that hardly stands out."""
    by = random.randint(*LOW_CONTRAST) * (-1 if sum(colour) > 384 else 1)
    red, green, blue = (min(255, max(0, c + by)) for c in colour)
    return red, green, blue


def _colour(random: Random) -> Colour:
    return random.randint(30, 245), random.randint(30, 245), random.randint(30, 245)


def _turned(text: Image.Image, angle: float) -> Image.Image:
    return text.rotate(angle, Image.Resampling.BICUBIC, expand=True) if angle else text


def _tilted(image: Image.Image, angle: float) -> Image.Image:
    return image.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=(128, 128, 128)) if angle else image


def _faded(text: Image.Image, share: float) -> Image.Image:
    text = text.copy()
    text.putalpha(text.getchannel("A").point(lambda value: round(value * share)))
    return text


def worn(random: Random, image: Image.Image, condition: str) -> Image.Image:
    """Do to a finished picture what a condition says: turn it, blur it, photograph it askew, enlarge it."""
    if condition == "turned":
        return image.transpose(
            random.choice((Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_270))
        )
    if condition == "noisy":
        grain = np.random.default_rng(random.randint(0, 2**31))
        pixels = np.asarray(image.filter(ImageFilter.GaussianBlur(1.0)), np.float32)
        return Image.fromarray(np.clip(pixels + grain.normal(0, 16, pixels.shape), 0, 255).astype(np.uint8))
    if condition == "small":
        return image.resize((round(image.width * 0.55), round(image.height * 0.55)), Image.Resampling.BICUBIC)
    if condition == "askew":
        return _askew(random, image)
    if condition == "large":  # a small panel in a photo of many pixels
        scale = random.uniform(0.24, 0.3)
        full = image.resize((round(image.width / scale), round(image.height / scale)), Image.Resampling.BICUBIC).filter(
            ImageFilter.GaussianBlur(6)
        )
        small = image.resize((round(image.width * 0.8), round(image.height * 0.8)), Image.Resampling.BICUBIC)
        full.paste(small, (random.randint(0, full.width - small.width), random.randint(0, full.height - small.height)))
        return full
    return image


def _askew(random: Random, image: Image.Image) -> Image.Image:
    import cv2

    width, height = image.size
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    moved = corners + np.array(
        [(random.uniform(-0.09, 0.09) * width, random.uniform(-0.09, 0.09) * height) for _ in range(4)], np.float32
    )
    moved -= moved.min(axis=0)
    size = (int(moved[:, 0].max()) + 1, int(moved[:, 1].max()) + 1)
    warped = cv2.warpPerspective(
        np.asarray(image), cv2.getPerspectiveTransform(corners, moved), size, borderValue=(90, 90, 90)
    )
    return Image.fromarray(warped)
