"""Pictures of the demo: drawn scenes, notices, and adverts with a QR code."""

from __future__ import annotations

import io
import random

from evenhand.detectors import drawings

_LINES = (
    ("GREAT DEALS", "scan me, 50% off", "http://deals.example/{n}"),
    ("WIN A PHONE", "scan to claim", "http://prize.example/{n}"),
    ("Yoga on Tuesday", "sign up here", "http://yoga.example/{n}"),
    ("JOIN OUR GROUP", "WeChat: shop{n}", "http://group.example/{n}"),
)


def drawn(rnd: random.Random, count: int) -> list[tuple[str, bytes]]:
    """Give pictures as PNG, each with the name of its file; every second one is an advert."""
    plain = [drawings.landscape, drawings.notice, drawings.dog, drawings.emoji, drawings.warm_gradient]
    made = []
    for number in range(count):
        if number % 2:
            made.append((f"advert-{number}.png", _advert(rnd, number // 2)))
        elif number % 4 == 0 and number // 4 < len(plain):
            made.append((f"photo-{number}.png", _png(plain[number // 4]().image)))
        else:
            scene = drawings.SCENES[number % len(drawings.SCENES)]
            made.append((f"people-{number}.png", _png(drawings.person(scene, rnd.choice(drawings.TONES)).image)))
    return made


def _advert(rnd: random.Random, number: int) -> bytes:
    import segno
    from PIL import Image, ImageDraw, ImageFont

    head, below, address = _LINES[number % len(_LINES)]
    colour = rnd.choice(((250, 235, 200), (220, 240, 250), (250, 225, 230), (230, 245, 225)))
    image = Image.new("RGB", (420, 540), colour)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 420, 90), fill=rnd.choice(((40, 60, 120), (150, 40, 60), (30, 100, 70))))
    draw.text((24, 22), head, fill="white", font=ImageFont.load_default(40))
    held = io.BytesIO()
    segno.make(address.format(n=number), error="m").save(held, kind="png", scale=8, border=3)
    code = Image.open(held).convert("RGB")
    image.paste(code, ((420 - code.width) // 2, 120))
    draw.text((60, 470), below.format(n=number), fill=(30, 30, 30), font=ImageFont.load_default(30))
    return _png(image)


def _png(image: object) -> bytes:
    from PIL import Image

    held = io.BytesIO()
    if isinstance(image, Image.Image):
        image.save(held, "PNG")
    return held.getvalue()
