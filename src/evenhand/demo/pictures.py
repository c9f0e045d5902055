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


def clip(rnd: random.Random) -> bytes | None:
    """Give six seconds of video with a tone, in which an advert is shown; None without the extra `video`."""
    try:
        import av
    except ImportError:
        return None
    import numpy as np
    from PIL import Image

    shown = [drawings.landscape().image, Image.open(io.BytesIO(_advert(rnd, 1))), drawings.dog().image]
    held = io.BytesIO()
    with av.open(held, "w", format="mp4") as file:
        picture, sound = file.add_stream("mpeg4", rate=5), file.add_stream("aac", rate=16_000)
        picture.width, picture.height, picture.pix_fmt = 420, 540, "yuv420p"
        for image in shown:
            for _ in range(10):
                frame = av.VideoFrame.from_ndarray(np.asarray(image.convert("RGB").resize((420, 540))), format="rgb24")
                file.mux(picture.encode(frame))
        at = np.arange(6 * 16_000) / 16_000
        tone = (0.1 * np.sin(2 * np.pi * 330 * at) * (np.sin(2 * np.pi * at) > 0)).astype(np.float32)
        for start in range(0, len(tone), 1_024):
            part = av.AudioFrame.from_ndarray(tone[None, start : start + 1_024], format="fltp", layout="mono")
            part.sample_rate, part.pts = 16_000, start
            file.mux(sound.encode(part))
        for stream in (picture, sound):
            file.mux(stream.encode(None))
    return held.getvalue()
