"""What image.code reads on photos of codes, beside zxing-cpp by itself. Needs ../shared, not shipped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import zxingcpp

from evenhand.decode import decode
from evenhand.detectors.code import CodeDetector
from evenhand.domain import Content, ImagePart, TextPart
from evenhand.settings import Settings

PICTURES = Path(__file__).parents[2].parent / "shared" / "data" / "media" / "image" / "qr"

pytestmark = pytest.mark.skipif(not PICTURES.is_dir(), reason="the pictures in ../shared are not on this machine")


def parts_of(path: Path) -> list[ImagePart]:
    return [part for part in decode(Content(data=path.read_bytes()), Settings()).parts if isinstance(part, ImagePart)]


def plain(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize(("folder", "count"), [("qrcode-3", 21), ("qrcode-5", 19), ("qrcode-6", 14)])
def test_reads_what_the_library_reads(folder: str, count: int) -> None:
    """Every payload that zxing-cpp reads in the full picture is read and handed on; so it was in all 54."""
    files = sorted((PICTURES / folder).glob("*.png"))
    assert len(files) == count
    detector = CodeDetector()
    missed = []
    for file in files:
        (part,) = parts_of(file)
        (answer,) = detector.detect([part])
        got = {plain(text.text) for text in answer.parts if isinstance(text, TextPart)}
        grey = np.asarray(part.image.convert("L"))
        wanted = {plain(code.text) for code in zxingcpp.read_barcodes(grey) if code.valid}
        truth = plain(file.with_suffix(".txt").read_text("utf-8", errors="replace"))
        if not (wanted | {truth}) <= got:
            missed.append(file.name)
    assert missed == []


def test_no_code_where_there_is_none() -> None:
    files = sorted((PICTURES / "falsepositives-2").glob("*.png"))
    assert len(files) == 15
    detector = CodeDetector()
    found = [file.name for file in files if any(detector.detect([part])[0].scores for part in parts_of(file))]
    assert found == []
