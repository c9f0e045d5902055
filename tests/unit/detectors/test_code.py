"""image.code: codes found, placed and read; product codes left alone; hostile payloads made harmless."""

from __future__ import annotations

import numpy as np
import pytest
import zxingcpp
from PIL import Image, ImageOps

from evenhand.detectors.base import Detection
from evenhand.detectors.code import MAX_CODES, CodeDetector
from evenhand.domain import ImagePart, Location, Source, TextPart
from evenhand.testing import DetectorContract, image_part

LINK = "https://example.com/offer"


def drawn(payload: str | bytes, name: str = "QRCode", *, scale: int = 4) -> Image.Image:
    code = zxingcpp.create_barcode(payload, getattr(zxingcpp.BarcodeFormat, name))
    return ImageOps.expand(Image.fromarray(np.asarray(code.to_image(scale=scale))).convert("RGB"), 20, "white")


def on_slope(code: Image.Image, size: tuple[int, int], place: tuple[int, int]) -> Image.Image:
    canvas = Image.linear_gradient("L").resize(size).convert("RGB")
    canvas.paste(code, place)
    return canvas


def look(image: Image.Image) -> Detection:
    (detection,) = CodeDetector().detect([ImagePart(image=image)])
    return detection


def payloads(detection: Detection) -> list[str]:
    return [part.text for part in detection.parts if isinstance(part, TextPart)]


class TestCode(DetectorContract):
    def make(self) -> CodeDetector:
        return CodeDetector()


@pytest.mark.parametrize(
    ("name", "payload", "score", "text"),
    [
        ("QRCode", LINK, 0.99, LINK),
        ("QRCode", "加微信 abc_123", 0.99, "加微信 abc_123"),
        ("MicroQRCode", "abc12", 0.99, "abc12"),
        ("DataMatrix", LINK, 0.9, LINK),
        ("Aztec", LINK, 0.9, LINK),
        ("PDF417", LINK, 0.9, LINK),
        ("Code128", "EXAMPLE.COM", 0.3, "EXAMPLE.COM"),
        ("Code39", "EXAMPLE.COM", 0.3, "EXAMPLE.COM"),
        ("Code128", "12025550147", 0.3, None),  # a parcel number is no phone number
        ("EAN13", "400638133393", None, None),
        ("EAN8", "1234567", None, None),
        ("UPCA", "01234567890", None, None),
    ],
)
def test_formats(name: str, payload: str, score: float | None, text: str | None) -> None:
    detection = look(drawn(payload, name))
    assert [finding.score for finding in detection.findings] == ([] if score is None else [score])
    assert payloads(detection) == ([] if text is None else [text])
    assert detection.scores == {"ads.qrcode": 0.05 if score is None else score}


@pytest.mark.parametrize("angle", [0, 30, 90, 180])
@pytest.mark.parametrize("inverted", [False, True])
def test_turned_and_inverted(angle: int, inverted: bool) -> None:
    code = drawn(LINK).rotate(angle, expand=True, fillcolor="white")
    assert payloads(look(ImageOps.invert(code) if inverted else code)) == [LINK]


@pytest.mark.parametrize(("size", "scale"), [((640, 480), 1), ((640, 480), 6), ((4000, 3000), 2), ((4000, 3000), 20)])
def test_box_is_in_pixels_of_the_decoded_picture(size: tuple[int, int], scale: int) -> None:
    code = drawn(LINK, scale=scale)
    detection = look(on_slope(code, size, (size[0] // 3, size[1] // 4)))
    (finding,) = detection.findings
    box = finding.location.box
    assert box is not None
    dark = ImageOps.invert(code.convert("L")).getbbox()
    assert dark is not None
    wanted = [value + (size[0] // 3, size[1] // 4)[i % 2] for i, value in enumerate(dark)]
    assert all(abs(found - there) <= max(6, scale * 2) for found, there in zip(box, wanted, strict=True))
    (part,) = detection.parts
    assert isinstance(part, TextPart)
    assert part.locate(8, 19).box == box


def test_several_codes_and_the_frame() -> None:
    canvas = on_slope(drawn("first text"), (700, 300), (20, 20))
    canvas.paste(drawn("second text"), (400, 100))
    origin = Location(source=Source.FRAME, frame=2)
    (detection,) = CodeDetector().detect([ImagePart(image=canvas, origin=origin)])
    assert sorted(payloads(detection)) == ["first text", "second text"]
    assert {finding.location.frame for finding in detection.findings} == {2}
    assert {part.origin.source for part in detection.parts} == {Source.CODE}


def test_more_codes_than_are_reported() -> None:
    canvas = Image.new("RGB", (1400, 700), "white")
    for i in range(50):
        canvas.paste(drawn(f"code number {i}", scale=3), (130 * (i % 10), 130 * (i // 10)))
    assert len(look(canvas).findings) == MAX_CODES


@pytest.mark.parametrize(
    ("payload", "wanted"),
    [
        (b"https://example.com\x00\x1b[31m", "https://example.com  [31m"),  # one NUL does not hide a link
        (b"\x00\xff\xfe\x01\x80\x81" * 5, None),
        ("9" * 7_000, "9" * 7_000),
        ("\u202etxt.example", "\u202etxt.example"),
        (b"caf\xe9 example.com \xff", None),
    ],
)
def test_hostile_payloads(payload: str | bytes, wanted: str | None) -> None:
    detection = look(drawn(payload))
    (finding,) = detection.findings
    assert "example" not in finding.reason
    if wanted is not None:
        assert payloads(detection) == [wanted]
    for text in payloads(detection):
        assert "\x00" not in text
        text.encode("utf-8")


def test_no_codes() -> None:
    assert look(Image.linear_gradient("L").resize((800, 600)).convert("RGB")) == Detection()
    assert CodeDetector().detect([image_part(3, 3)]) == [Detection()]
