"""Reports as PDF where the machine has no font with all letters: readable, and the document says what is missing."""

from __future__ import annotations

import base64
import re
import zlib
from pathlib import Path

import pytest

from evenhand.accounting.report import Report, Section
from evenhand.accounting.reportfiles import as_pdf
from evenhand.accounting.words import words


@pytest.mark.parametrize(
    ("language", "title", "shown", "noticed"),
    [
        # Vera, which comes with reportlab, has ó and ł, and neither ż nor ą.
        ("pl", "Żółw Łąka", "Zółw Łaka", True),
        ("en", "Größe, Été, Niño, cœur, 5 €", "Größe, Été, Niño, cœur, 5 €", False),
        ("de", "Überblick „so“ – Maße", "Überblick „so“ – Maße", False),
        ("en", "例", "?", True),  # like no letter that there is
    ],
)
def test_letters_that_the_font_lacks(tmp_path: Path, language: str, title: str, shown: str, noticed: bool) -> None:
    pdf = as_pdf(_made(language, title), folders=[tmp_path])
    text = _text_of(pdf)
    assert shown in text
    notice = words(language).tell("letters").split()[:2]  # what has no accents in any of these languages
    assert (" ".join(notice) in text) is noticed


@pytest.mark.parametrize("language", ["de", "en", "es", "fr", "it"])
def test_the_font_that_is_always_there_has_the_words_of_most_languages(tmp_path: Path, language: str) -> None:
    told = words(language).report
    pdf = _text_of(as_pdf(_made(language, " ".join(told.values())), folders=[tmp_path]))
    assert told["letters"] in " ".join(told.values())
    assert pdf.count("?") == " ".join(told.values()).count("?")
    assert told["title"].split()[-1] in pdf


def test_a_font_of_the_machine_is_taken_where_it_is(tmp_path: Path) -> None:
    import reportlab

    # Any font under that name will do to see that it is found: its name stands in the PDF.
    own = Path(reportlab.__file__).parent / "fonts"
    (tmp_path / "DejaVuSans.ttf").write_bytes((own / "VeraIt.ttf").read_bytes())
    (tmp_path / "DejaVuSans-Bold.ttf").write_bytes((own / "VeraBI.ttf").read_bytes())
    pdf = as_pdf(_made("en", "Title"), folders=[tmp_path])
    assert b"Oblique" in pdf


def _made(language: str, title: str) -> Report:
    section = Section(key="one", title="Section", columns=("a", "b"), rows=(("x", "1"),), note="", svg="")
    return Report(language=language, title=title, period="period", made="made", about="about", sections=(section,))


def _text_of(pdf: bytes) -> str:
    """Read what a PDF of reportlab's shows: by each font's table from codes to letters."""
    objects = {int(number): body for number, body in re.findall(rb"(\d+) 0 obj\s(.*?)endobj", pdf, re.DOTALL)}

    def stream(number: int) -> str:
        raw = objects[number].partition(b"stream")[2].partition(b"endstream")[0].strip(b"\r\n")
        if raw.endswith(b"~>"):
            raw = base64.a85decode(b"<~" + raw, adobe=True)
        return zlib.decompressobj().decompress(raw).decode("latin-1")

    tables: dict[str, dict[int, str]] = {}
    for name, number in re.findall(rb"/(F\d\+\d+) (\d+) 0 R", pdf):
        unicode = re.search(rb"/ToUnicode (\d+) 0 R", objects[int(number)])
        assert unicode is not None
        table = stream(int(unicode[1]))
        pairs = re.findall(r"<([0-9A-F]{2})> <([0-9A-F]{4})>", table)
        tables[name.decode()] = {int(code, 16): chr(int(letter, 16)) for code, letter in pairs}
    pages = [int(number) for number in re.findall(rb"/Contents (\d+) 0 R", pdf)]
    out: list[str] = []
    font: dict[int, str] = {}
    for number in pages:
        for name, shown in re.findall(r"/(F\d\+\d+) |\(((?:[^()\\]|\\.)*)\) Tj", stream(number)):
            if name:
                font = tables[name]
                continue
            codes_ = re.sub(r"\\(\d{3}|.)", lambda m: chr(int(m[1], 8)) if m[1].isdigit() else m[1], shown)
            out.append("".join(font.get(ord(code), "\ufffd") for code in codes_))
    return " ".join(out)
