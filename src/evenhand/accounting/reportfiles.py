"""A transparency report as a page, as a table for spreadsheets, and as PDF."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from evenhand.accounting.report import Report, Section
from evenhand.accounting.words import words
from evenhand.errors import SettingsError

_FOLDERS = (
    Path("/usr/share/fonts/truetype/dejavu"),
    Path("/usr/share/fonts/dejavu-sans-fonts"),
    Path("/usr/share/fonts/TTF"),
)
MEDIA_TYPES = {"html": "text/html; charset=utf-8", "csv": "text/csv; charset=utf-8", "pdf": "application/pdf"}
# A page of its own, to be mailed and printed: its style is in it, and it fetches nothing.
_STYLE = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%;margin:.5rem 0 1.5rem}
caption{text-align:left;font-weight:600;padding:.3rem 0}
th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #8886}
td+td,th+th{text-align:right}
svg{max-width:100%;font:12px system-ui,sans-serif}
svg text{fill:currentColor}
svg .bar{fill:#2a6fb8}
"""


def as_html(made: Report) -> bytes:
    """Give a whole page."""
    parts = [_html(section) for section in made.sections]
    return (
        f'<!doctype html><html lang="{made.language}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(made.title)}</title>'
        f"<style>{_STYLE}</style></head><body><main><h1>{escape(made.title)}</h1><p>{escape(made.period)}</p>"
        f"<p>{escape(made.about)}</p>{''.join(parts)}<p>{escape(made.made)}</p></main></body></html>"
    ).encode()


def as_csv(made: Report) -> bytes:
    """Give all tables below each other, each row with its section; UTF-8 with a mark that spreadsheets know it by."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([_safe(made.title), _safe(made.period)])
    for section in made.sections:
        writer.writerow([])
        writer.writerow([_safe(section.title)])
        writer.writerow([_safe(cell) for cell in section.columns])
        writer.writerows([[_safe(cell) for cell in row] for row in section.rows])
        if section.note:
            writer.writerow([_safe(section.note)])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def as_pdf(made: Report, *, folders: Sequence[Path] = _FOLDERS) -> bytes:
    """Give a PDF of A4 pages; Chinese in a font that every reader brings (STSong-Light).

    Where the font lacks letters, they lose their accents, and the document says so.

    Args:
        made: the report.
        folders: where DejaVu Sans is looked for; without it, Vera is taken, which comes with reportlab.

    Raises:
        SettingsError: the extra 'console' is not installed.
    """
    try:
        from reportlab.lib import colors
        from reportlab.lib.pagesizes import A4
        from reportlab.lib.styles import ParagraphStyle
        from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle
    except ImportError as error:
        raise SettingsError("PDF needs the extra 'console': pip install 'evenhand[console]'.") from error
    type_ = _Type(made.language, folders)
    plain, bold, show = type_.plain, type_.bold, type_.show
    wrap = "CJK" if made.language == "zh" else None
    body = ParagraphStyle("body", fontName=plain, fontSize=9, leading=12, wordWrap=wrap)
    head = ParagraphStyle("head", parent=body, fontName=bold)
    titles = [ParagraphStyle(f"h{n}", parent=head, fontSize=size, leading=size * 1.3) for n, size in ((1, 18), (2, 13))]
    story: list[Any] = [Paragraph(show(made.title), titles[0]), Spacer(1, 8), Paragraph(show(made.period), body)]
    story += [Spacer(1, 4), Paragraph(show(made.about), body), Spacer(1, 12)]
    for section in made.sections:
        story.append(Paragraph(show(section.title), titles[1]))
        if section.rows:
            cells = [[Paragraph(show(cell), head) for cell in section.columns]]
            cells += [[Paragraph(show(cell), body) for cell in row] for row in section.rows]
            wide = A4[0] - 96
            first = wide * (0.5 if len(section.columns) < 5 else 0.36)
            others = [(wide - first) / (len(section.columns) - 1)] * (len(section.columns) - 1)
            table = Table(cells, colWidths=[first, *others], repeatRows=1)
            table.setStyle(
                TableStyle([("LINEBELOW", (0, 0), (-1, -1), 0.4, colors.grey), ("VALIGN", (0, 0), (-1, -1), "TOP")])
            )
            story.append(table)
        else:
            story.append(Paragraph(show(section.note or "–"), body))
        story.append(Spacer(1, 12))
    story.append(Paragraph(show(made.made), body))
    if type_.lacks:
        story += [Spacer(1, 12), Paragraph(show(words(made.language).tell("letters")), head)]
    out = io.BytesIO()
    template = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=48,
        rightMargin=48,
        topMargin=48,
        bottomMargin=48,
        title=made.title,
        lang=made.language,
    )
    template.build(story)
    return out.getvalue()


def write(made: Report, form: str) -> bytes:
    """Give a report in one of the forms of MEDIA_TYPES."""
    return {"html": as_html, "csv": as_csv, "pdf": as_pdf}[form](made)


def _html(section: Section) -> str:
    if not section.rows:
        return f"<h2>{escape(section.title)}</h2><p>{escape(section.note or '–')}</p>"
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in section.columns)
    rows = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in row[1:])}</tr>'
        for row in section.rows
    )
    return (
        f"<h2>{escape(section.title)}</h2>{section.svg}<table><caption>{escape(section.title)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    )


class _Type:
    """The fonts of one document, and whether they lacked a letter of what was shown.

    Args:
        language: of the document.
        folders: where DejaVu Sans is looked for.
    """

    def __init__(self, language: str, folders: Sequence[Path]) -> None:
        from reportlab.pdfbase import pdfmetrics
        from reportlab.pdfbase.cidfonts import UnicodeCIDFont
        from reportlab.pdfbase.ttfonts import TTFont

        self.lacks = False
        self._glyphs: frozenset[int] | None = None  # characters that there are; None: the reader's own font
        if language == "zh":
            pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
            self.plain = self.bold = "STSong-Light"
            return
        fonts = []
        for file in ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf"):
            path = _font(file, folders)
            fonts.append(TTFont(f"evenhand-{path.stem}", str(path)))
            pdfmetrics.registerFont(fonts[-1])
        self.plain, self.bold = (str(font.fontName) for font in fonts)
        self._glyphs = frozenset.intersection(*(frozenset(font.face.charToGlyph) for font in fonts))

    def show(self, text: str) -> str:
        """Give a text for a paragraph: letters that the font lacks would be boxes; without accent they can be read."""
        if self._glyphs is not None:
            text = "".join(self._nearest(ch) for ch in text)
        return escape(text, quote=False)

    def _nearest(self, ch: str) -> str:
        if self._glyphs is None or ord(ch) in self._glyphs or ch.isspace():
            return ch
        self.lacks = True
        bare = "".join(one for one in unicodedata.normalize("NFKD", ch) if not unicodedata.combining(one))
        return bare if bare and all(ord(one) in self._glyphs for one in bare) else "?"


def _font(file: str, folders: Sequence[Path]) -> Path:
    import reportlab

    for folder in folders:
        if (folder / file).is_file():
            return folder / file
    vera = {"DejaVuSans.ttf": "Vera.ttf", "DejaVuSans-Bold.ttf": "VeraBd.ttf"}[file]
    return Path(reportlab.__file__).parent / "fonts" / vera


def _safe(cell: str) -> str:
    """Keep a spreadsheet from reading a cell as a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
