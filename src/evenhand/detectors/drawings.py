"""Pictures drawn for the examples of picture detectors. No photograph of a person is shipped."""

from __future__ import annotations

from typing import Literal

from evenhand.domain import ImagePart

Eyewear = Literal["none", "glasses", "sunglasses"]


def landscape() -> ImagePart:
    """Draw hills, a sun and a house."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (480, 320), (150, 200, 240))
    draw = ImageDraw.Draw(image)
    draw.ellipse((370, 30, 430, 90), fill=(250, 220, 90))
    draw.polygon([(0, 230), (130, 110), (260, 230)], fill=(90, 110, 120))
    draw.polygon([(180, 230), (330, 140), (480, 230)], fill=(110, 130, 120))
    draw.rectangle((0, 225, 480, 320), fill=(90, 150, 70))
    draw.rectangle((70, 205, 150, 270), fill=(190, 90, 70))
    draw.polygon([(60, 205), (110, 165), (160, 205)], fill=(90, 50, 40))
    return ImagePart(image=image)


def warm_gradient() -> ImagePart:
    """Fill a picture with a gradient of warm browns and beiges: a colour alone says nothing."""
    from PIL import Image

    grey = Image.linear_gradient("L").resize((320, 320))
    bands = [grey.point([low + (high - low) * i // 255 for i in range(256)]) for low, high in _WARM]
    return ImagePart(image=Image.merge("RGB", bands))


def emoji() -> ImagePart:
    """Draw a yellow smiling emoji."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (320, 320), "white")
    draw = ImageDraw.Draw(image)
    draw.ellipse((40, 40, 280, 280), fill=(255, 205, 60), outline=(200, 150, 30), width=4)
    for x in (115, 185):
        draw.ellipse((x, 115, x + 22, 155), fill=(70, 45, 20))
    draw.arc((100, 130, 220, 235), 20, 160, fill=(70, 45, 20), width=8)
    return ImagePart(image=image)


def notice() -> ImagePart:
    """Draw a notice: three lines of text."""
    from PIL import Image, ImageDraw, ImageFont

    image = Image.new("RGB", (420, 200), (250, 250, 245))
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(26)
    for line, words in enumerate(("Library", "Monday to Friday 9 to 5", "Please close the door")):
        draw.text((24, 24 + 52 * line), words, fill=(30, 30, 30), font=font)
    return ImagePart(image=image)


def dog() -> ImagePart:
    """Draw a dog's head from the front."""
    from PIL import Image, ImageDraw

    brown, dark = (170, 120, 70), (60, 40, 25)
    image = Image.new("RGB", (320, 320), (200, 225, 210))
    draw = ImageDraw.Draw(image)
    draw.ellipse((80, 60, 240, 250), fill=brown)
    for x in (45, 215):
        draw.ellipse((x, 60, x + 60, 190), fill=dark)
    draw.ellipse((110, 160, 210, 265), fill=(215, 180, 140))
    for x in (115, 180):
        draw.ellipse((x, 120, x + 24, 146), fill="black")
    draw.ellipse((140, 165, 180, 192), fill="black")
    draw.arc((125, 185, 160, 225), 0, 150, fill="black", width=4)
    draw.arc((160, 185, 195, 225), 30, 180, fill="black", width=4)
    return ImagePart(image=image)


def face(*, smile: bool = False, eyewear: Eyewear = "none") -> ImagePart:
    """Draw a grey face from the front, plain enough to resemble nobody and good enough to be found."""
    from PIL import Image, ImageDraw, ImageFilter

    skin, shade, hair, rim, lip = (200,) * 3, (165,) * 3, (60, 50, 45), (30,) * 3, (165, 110, 105)
    image = Image.new("RGB", (400, 480), (120, 150, 170))
    draw = ImageDraw.Draw(image)
    draw.ellipse((75, 40, 325, 400), fill=hair)
    draw.rectangle((160, 340, 240, 440), fill=shade)
    draw.ellipse((20, 410, 380, 600), fill=(70, 80, 110))
    draw.ellipse((95, 80, 305, 400), fill=skin)
    draw.pieslice((90, 45, 310, 240), 180, 360, fill=hair)
    for x in (152, 248):
        draw.arc((x - 32, 172, x + 32, 212), 205, 335, fill=hair, width=6)
        draw.ellipse((x - 20, 208, x + 20, 226), fill=(240,) * 3, outline=(90, 80, 75), width=2)
        draw.ellipse((x - 8, 209, x + 8, 225), fill=(90, 80, 75))
        if eyewear != "none":
            glass = (20, 20, 25) if eyewear == "sunglasses" else None
            if glass is None:  # see-through: large, with light on it
                draw.rounded_rectangle((x - 43, 184, x + 43, 262), 26, outline=rim, width=4)
                draw.line((x - 30, 246, x - 14, 206), fill=(245,) * 3, width=6)
            else:
                draw.rounded_rectangle((x - 40, 190, x + 40, 248), 18, fill=glass, outline=rim, width=4)
    if eyewear != "none":
        for place in ((190, 210, 210, 210), (112, 205, 98, 200), (288, 205, 302, 200)):
            draw.line(place, fill=rim, width=4)
    draw.line((193, 225, 184, 280), fill=(185,) * 3, width=8)
    draw.arc((178, 262, 222, 296), 20, 160, fill=shade, width=5)
    if smile:
        draw.chord((150, 285, 250, 360), 10, 170, fill=lip)
        draw.chord((162, 300, 238, 346), 12, 168, fill=(245,) * 3)
    else:
        draw.ellipse((165, 320, 235, 345), fill=lip)
        draw.line((165, 332, 235, 332), fill=(110, 70, 70), width=3)
    # Hard edges are not what photographs have, nor what the models know.
    return ImagePart(image=image.filter(ImageFilter.GaussianBlur(1.5)))


_WARM = ((236, 120), (200, 80), (170, 60))  # red, green, blue: from light to dark

TONES = (
    (247, 232, 218),
    (241, 220, 200),
    (236, 205, 178),
    (224, 186, 150),
    (206, 160, 122),
    (180, 132, 94),
    (148, 102, 70),
    (114, 76, 52),
    (82, 54, 40),
    (54, 38, 32),
)
SCENES = ("street", "beach", "office", "kitchen", "sport", "night", "market", "crowd")
_GROUND = {
    "street": ((190, 205, 215), (120, 120, 125)),
    "beach": ((140, 200, 235), (235, 215, 165)),
    "office": ((225, 225, 220), (150, 110, 80)),
    "kitchen": ((240, 235, 215), (180, 180, 190)),
    "sport": ((150, 200, 240), (80, 150, 70)),
    "night": ((25, 30, 55), (50, 50, 60)),
    "market": ((235, 215, 190), (170, 140, 110)),
    "crowd": ((200, 200, 210), (140, 140, 140)),
}
_CLOTHES = ((190, 60, 60), (60, 90, 160), (60, 130, 90), (200, 160, 60), (120, 80, 150))


def person(scene: str, tone: tuple[int, int, int]) -> ImagePart:
    """Draw one to four people without faces in a place; nothing but the tone of their skin is asked for.

    Args:
        scene: one of SCENES.
        tone: red, green, blue of the skin; TONES has ten, from light to dark.
    """
    from PIL import Image, ImageDraw

    sky, ground = _GROUND[scene]
    image = Image.new("RGB", (320, 320), sky)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 210, 320, 320), fill=ground)
    number = SCENES.index(scene)
    if scene in ("street", "market"):
        for x in (10, 230):
            draw.rectangle((x, 60, x + 80, 210), fill=(170 - 10 * number, 140, 120))
    if scene in ("office", "kitchen"):
        draw.rectangle((30, 190, 290, 215), fill=(110, 80, 60))
    places = (60, 130, 200, 260) if scene == "crowd" else (160,) if number % 2 else (110, 210)
    for at, x in enumerate(places):
        shirt = _CLOTHES[(number + at) % len(_CLOTHES)]
        draw.rectangle((x - 14, 225, x - 2, 300), fill=(50, 55, 75))
        draw.rectangle((x + 2, 225, x + 14, 300), fill=(50, 55, 75))
        draw.rounded_rectangle((x - 24, 140, x + 24, 232), 10, fill=shirt)
        lift = 60 if scene in ("sport", "beach") else -40
        for side in (-1, 1):
            draw.line((x + 22 * side, 152, x + 44 * side, 152 - lift), fill=tone, width=12)
        draw.rectangle((x - 7, 122, x + 7, 144), fill=tone)
        draw.ellipse((x - 21, 82, x + 21, 132), fill=tone)
        draw.pieslice((x - 23, 76, x + 23, 122), 180, 360, fill=(70, 55, 45))
    if scene in ("sport",):
        draw.ellipse((240, 60, 276, 96), fill=(240, 240, 240))
    return ImagePart(image=image)
