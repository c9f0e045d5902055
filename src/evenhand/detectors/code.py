"""image.code: finds and reads QR codes and bar codes; the text detectors then judge what they say."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from evenhand.detectors.base import NOTHING, Cost, Detection, DetectorContext, DetectorInfo, Example
from evenhand.domain import Finding, ImagePart, Mark, PartKind, Source, TextPart
from evenhand.domain.location import Box
from evenhand.errors import DetectorError
from evenhand.inference.pictures import MIN_SIDE, to_original, working_grey

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LABEL = "ads.qrcode"
MAX_CODES = 32  # codes of one picture that are reported and read on
MAX_PAYLOAD = 8_000  # code points of a payload handed on; the largest QR code holds 7,089 digits

# What a read code says about advertising. Every one of these formats carries a check, so a code that was read is there:
# no picture of 377 without codes gave one. What differs is what such codes are used for.
_QR = 0.99  # made for people's phones
_MATRIX = 0.9  # Data Matrix, Aztec, PDF417, MaxiCode: also on tickets and parcels
_LINEAR = 0.3  # Code 128, Code 39 and the like: parcels, shelves, and now and then a link
_PRODUCT = 0.05  # EAN, UPC, ITF-14, DataBar: on every box of cereal. Only the score is given: no finding, no text
_QR_FORMATS = frozenset({"QRCode", "QRCodeModel1", "QRCodeModel2", "MicroQRCode", "RMQRCode"})
_MATRIX_FORMATS = frozenset(
    {"DataMatrix", "Aztec", "AztecCode", "AztecRune", "PDF417", "CompactPDF417", "MicroPDF417", "MaxiCode"}
)
_LINEAR_FORMATS = frozenset(
    {"Code128", "Code39", "Code39Std", "Code39Ext", "Code93", "Codabar", "Telepen", "TelepenAlpha", "TelepenNumeric"}
)


class CodeDetector:
    """Finds QR codes, other matrix codes and bar codes, at any angle, inverted or not, several in one picture."""

    info = DetectorInfo(
        name="image.code",
        version="1",
        reads=PartKind.IMAGE,
        labels=(LABEL,),
        cost=Cost.MODEL,
        description="Finds QR codes and bar codes; what they say goes through the text detectors.",
        examples=(
            Example(title="A QR code with a link", part=lambda: _drawn("QRCode"), labels=frozenset({LABEL})),
            Example(title="A product's bar code is no advert", part=lambda: _drawn("EAN13")),
        ),
        emits=frozenset({PartKind.TEXT}),
    )

    def detect(self, parts: Sequence[ImagePart]) -> list[Detection]:
        """Read the codes of each picture.

        Raises:
            DetectorError: zxing-cpp is not installed.
        """
        return [self._read(part) for part in parts]

    def _read(self, part: ImagePart) -> Detection:
        if min(part.size) < MIN_SIDE:
            return NOTHING
        zxing = _zxing()
        grey = working_grey(part)
        size = (grey.shape[1], grey.shape[0])
        codes = _codes(grey)
        if not codes and size != part.size:
            # A code of a thumb's width in a large photograph is lost in the working copy. QR codes alone are cheap to
            # look for in the full one (a tenth of all formats together); large ones were found already.
            import numpy as np

            grey, size = np.asarray(part.image.convert("L")), part.size
            codes = _codes(grey, formats=zxing.BarcodeFormats([zxing.BarcodeFormat.QRCode]), try_downscale=False)
        if not codes:
            return NOTHING
        found = [self._report(code, part, to_original(part, _box(code), size=size)) for code in codes[:MAX_CODES]]
        return Detection(
            findings=tuple(finding for finding, _, _ in found if finding is not None),
            parts=tuple(text for _, text, _ in found if text is not None),
            scores={LABEL: max(score for _, _, score in found)},
        )

    def _report(self, code: Any, part: ImagePart, box: Box) -> tuple[Finding | None, TextPart | None, float]:
        name = code.format.name
        score = _score(name)
        if score <= _PRODUCT:
            return None, None, score
        payload, note = _payload(code)
        # Parcel numbers look like phone numbers: a bar code is read on only if it holds letters.
        if score == _LINEAR and not any(character.isalpha() for character in payload):
            payload, note = "", "payload without letters"
        finding = Finding(
            label=LABEL,
            score=score,
            location=part.locate(box),
            detector=self.info.name,
            version=self.info.version,
            reason=f"{code.format} read, {note}",
        )
        if not payload.strip():
            return finding, None, score
        origin = replace(part.origin, source=Source.CODE, box=box)
        return finding, TextPart(text=payload, origin=origin, marks=(Mark(start=0, end=len(payload), box=box),)), score


def make(context: DetectorContext) -> CodeDetector:
    """Build the detector."""
    return CodeDetector()


def _zxing() -> Any:
    try:
        import zxingcpp
    except ImportError as error:
        raise DetectorError("Reading codes needs zxing-cpp: install evenhand with the extra 'image'.") from error
    return zxingcpp


def _codes(grey: NDArray[np.uint8], **options: Any) -> list[Any]:
    zxing = _zxing()
    return [c for c in zxing.read_barcodes(grey, text_mode=zxing.TextMode.Plain, **options) if c.valid]


def _score(name: str) -> float:
    if name in _QR_FORMATS:
        return _QR
    if name in _MATRIX_FORMATS:
        return _MATRIX
    return _LINEAR if name in _LINEAR_FORMATS else _PRODUCT


def _payload(code: Any) -> tuple[str, str]:
    """Give what a code says, as well-formed text without control characters, and a note for people."""
    whole = code.text
    if code.content_type.name == "Binary":
        # One NUL makes a payload "binary": a link must not slip through so. Only what is mostly unreadable is dropped.
        whole = code.bytes.decode("utf-8", "replace")
        readable = sum(character.isprintable() and character != "\ufffd" for character in whole)
        if readable * 2 < len(whole):
            return "", f"{len(code.bytes)} bytes that are not text"
    kept = whole[:MAX_PAYLOAD].encode("utf-8", "replace").decode("utf-8")
    text = "".join(c if c in "\n\t" or unicodedata.category(c) != "Cc" else " " for c in kept)
    return text, f"payload of {len(whole)} characters" + (", cut" if len(whole) > MAX_PAYLOAD else "")


def _box(code: Any) -> Box:
    position = code.position
    corners = (position.top_left, position.top_right, position.bottom_right, position.bottom_left)
    xs, ys = [corner.x for corner in corners], [corner.y for corner in corners]
    return (float(min(xs)), float(min(ys)), float(max(xs)), float(max(ys)))


def _drawn(name: str) -> ImagePart:
    import numpy as np
    from PIL import Image

    zxing = _zxing()
    payload = "400638133393" if name == "EAN13" else "https://example.com/offer"
    code = zxing.create_barcode(payload, getattr(zxing.BarcodeFormat, name))
    return ImagePart(image=Image.fromarray(np.asarray(code.to_image(scale=4))).convert("RGB"))
