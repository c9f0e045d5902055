"""Draw the pictures and write the texts of examples/. Usage: python scripts/make_examples.py [CHINESE_FONT]

Everything is made here: no photograph, no person, nothing worse than a mild insult. The Chinese advert needs a font
with Chinese characters (Debian: fonts-wqy-microhei); without one, the committed picture is left as it is.
"""

from __future__ import annotations

import sys
from pathlib import Path

import zxingcpp
from PIL import Image, ImageDraw, ImageFont

FOLDER = Path(__file__).parent.parent / "examples"

TEXTS = {
    "greeting": "Good morning everyone, the library opens at nine today and there is coffee for all.",
    "neighbours": "My neighbours are Muslim and we celebrate Eid together every year; their cooking is wonderful.",
    "recipe": "Beat two eggs, add a pinch of salt, and kill the heat before the butter burns.",
    "condemning": "Calling people vermin because of where they come from is wrong, and we should say so.",
    "insult": "You are an idiot and nobody here likes you.",
    "advert": "Cheap watches, 70% off today only! Message me on WhatsApp +1 415 555 2671 or visit www.best-watches.example.com",
    "disguised-contact": "想赚钱的朋友加我薇♥信：abc_12345，名额有限",
    "flood": "buy buy buy buy buy buy buy buy buy buy buy buy buy buy buy buy buy buy buy buy buy buy buy buy",
    "scam": "Congratulations, you have won a prize! Your account will be closed today unless you confirm your bank "
    "password at http://secure-login.example.com/verify",
    "gruesse": "Schöne Grüße aus Köln, wir sehen uns am Samstag um drei im Park.",
}


def poster(
    lines: list[tuple[str, int]], *, size: tuple[int, int], background: str, ink: str, font: str | None
) -> Image.Image:
    """Draw lines of (text, height in pixels), centred, one under the other."""
    image = Image.new("RGB", size, background)
    draw = ImageDraw.Draw(image)
    y = 40
    for text, height in lines:
        face = ImageFont.truetype(font, height) if font else ImageFont.load_default(height)
        draw.text((size[0] / 2, y), text, fill=ink, font=face, anchor="ma")
        y += int(height * 1.6)
    return image


def landscape() -> Image.Image:
    """Draw hills under an evening sky."""
    image = Image.new("RGB", (640, 420))
    draw = ImageDraw.Draw(image)
    for y in range(420):
        draw.line((0, y, 640, y), fill=(90 + y // 4, 140 + y // 6, 220 - y // 5))
    draw.ellipse((460, 60, 540, 140), fill=(255, 220, 130))
    draw.polygon([(0, 420), (0, 280), (200, 180), (420, 300), (640, 210), (640, 420)], fill=(70, 120, 80))
    draw.polygon([(0, 420), (0, 350), (260, 290), (640, 370), (640, 420)], fill=(50, 95, 60))
    return image


def with_code(payload: str) -> Image.Image:
    """Draw a flyer with a QR code."""
    image = poster([("SCAN ME", 44)], size=(480, 520), background="white", ink="black", font=None)
    code = zxingcpp.create_barcode(payload, zxingcpp.BarcodeFormat.QRCode)
    drawn = Image.fromarray(zxingcpp.write_barcode_to_image(code, scale=8))
    image.paste(drawn.convert("RGB"), ((480 - drawn.width) // 2, 120))
    return image


def animation() -> list[Image.Image]:
    """Draw a ball that rolls, and a contact that shows on the last frames only."""
    frames = []
    for step in range(8):
        frame = Image.new("RGB", (480, 240), "white")
        draw = ImageDraw.Draw(frame)
        draw.ellipse((20 + 50 * step, 150, 70 + 50 * step, 200), fill=(200, 60 + 10 * step, 60))
        if step >= 6:
            draw.text((240, 60), "call +1 415 555 2671", fill="black", font=ImageFont.load_default(36), anchor="ma")
        frames.append(frame)
    return frames


def main() -> None:
    """Write all examples."""
    texts, pictures = FOLDER / "texts", FOLDER / "pictures"
    texts.mkdir(parents=True, exist_ok=True)
    pictures.mkdir(parents=True, exist_ok=True)
    for name, text in TEXTS.items():
        (texts / f"{name}.txt").write_text(text + "\n", "utf-8")
    landscape().save(pictures / "landscape.jpg", quality=85)
    notice = [("Lost cat", 60), ("grey, friendly, answers to Momo", 30), ("please look in your sheds", 30)]
    poster(notice, size=(640, 300), background="#fff8e0", ink="#333", font=None).save(
        pictures / "notice.png", optimize=True
    )
    advert = [("BIG SALE", 72), ("watches 70% off today", 40), ("WhatsApp +1 415 555 2671", 40)]
    poster(advert, size=(720, 360), background="#ffe14d", ink="#a00", font=None).save(
        pictures / "advert.png", optimize=True
    )
    with_code("https://best-watches.example.com/join").save(pictures / "code.png", optimize=True)
    first, *rest = animation()
    first.save(pictures / "rolling.gif", save_all=True, append_images=rest, duration=200, loop=0)
    if len(sys.argv) > 1:
        lines = [("清仓大甩卖", 64), ("全场一折起", 44), ("加微信 abc_12345", 44)]
        chinese = poster(lines, size=(640, 340), background="#c8102e", ink="#ffe", font=sys.argv[1])
        chinese.save(pictures / "advert-zh.png", optimize=True)


if __name__ == "__main__":
    main()
