"""What image.ocr reads on real pictures: Chinese posters, receipts with their truth. Needs ../shared, not shipped."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from evenhand.detectors.ocr import OcrDetector
from evenhand.domain import ImagePart, TextPart

PICTURES = Path(__file__).parents[2].parent / "shared" / "data" / "media" / "image" / "ocr"

pytestmark = pytest.mark.skipif(not PICTURES.is_dir(), reason="the pictures in ../shared are not on this machine")


@pytest.fixture(scope="module")
def detector() -> OcrDetector:
    return OcrDetector()


def read(detector: OcrDetector, path: Path) -> str:
    with Image.open(path) as image:
        upright = ImageOps.exif_transpose(image)
    (detection,) = detector.detect([ImagePart(image=upright.convert("RGB"))])
    return "\n".join(part.text for part in detection.parts if isinstance(part, TextPart))


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("rapidocr_ch_en_num.jpg", ["正品促销", "大桶装更划算", "强力去污符合国标", "假一赔十"]),
        ("rapidocr_short.png", ["中国网络空间安全"]),  # 65 x 11 px
        ("rapidocr_text_cls.jpg", ["怪我咯"]),  # upside down
        ("easyocr_chinese.jpg", ["愚园路", "Yuyuan Rd."]),
        ("rapidocr_test_letterbox_like.jpg", ["取决于所使用的执行提供者"]),  # 1,167 x 54 px
        ("easyocr_french.jpg", ["LES ARTS DÉCORATIFS"]),
    ],
)
def test_posters_and_signs(detector: OcrDetector, name: str, wanted: list[str]) -> None:
    text = read(detector, PICTURES / name)
    assert [words for words in wanted if words not in text] == []


def test_receipts(detector: OcrDetector) -> None:
    """At least 85% of the lines of three receipts, letter by letter; 88% were measured."""
    found = total = 0
    for path in sorted((PICTURES / "sroie").glob("*.jpg"))[:3]:
        got = read(detector, path).replace(" ", "").lower()
        with path.with_suffix(".box.csv").open(encoding="utf-8", errors="replace") as stream:
            lines = [
                ",".join(row[8:]).replace(" ", "").lower() for row in csv.reader(stream, quoting=csv.QUOTE_NONE) if row
            ]
        total, found = total + len(lines), found + sum(line in got for line in lines)
    assert total > 100
    assert found / total >= 0.85
