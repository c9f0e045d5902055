"""What the HTML reports share: one self-contained document, tables, numbers with intervals.

No scripts, nothing loaded from anywhere, light and dark. Everything that came from data is to be escaped with `text`,
and the page's own policy forbids scripts and requests, should something slip through.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from evenhand.fairness.intervals import Interval

_STYLE = """
:root{color-scheme:light dark;--back:#fff;--ink:#1c2024;--dim:#5b6470;--rule:#d9dee4;--line:#0b62b3;--dot:#b3400b;
--warn:#a1155f}
@media(prefers-color-scheme:dark){:root{--back:#14171a;--ink:#e8eaed;--dim:#9aa4b0;--rule:#353c44;--line:#6db3f2;
--dot:#f2a36d;--warn:#f28fc4}}
body{margin:0 auto;max-width:76rem;padding:1rem;background:var(--back);color:var(--ink);
font:15px/1.45 system-ui,sans-serif}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin:2rem 0 .4rem}
p,caption,dt{color:var(--dim)}dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem}
dd{margin:0;overflow-wrap:anywhere}.wide{overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}caption{text-align:left;padding:.3rem 0}
th,td{padding:.2rem .7rem;border-bottom:1px solid var(--rule);text-align:right;white-space:nowrap}
th:first-child,td:first-child{text-align:left}small{color:var(--dim)}.warn{color:var(--warn);font-weight:600}
td.long{white-space:normal;text-align:left;overflow-wrap:anywhere}figure{display:inline-block;margin:.3rem 1rem .3rem 0}
svg{max-width:100%;height:auto}svg text{fill:var(--dim);font-size:11px}svg .title{fill:var(--ink);font-size:12px}
.grid{stroke:var(--rule);fill:none}.faint{stroke:var(--dim);stroke-dasharray:4 4;fill:none}
.line{stroke:var(--line);stroke-width:2;fill:none}circle{fill:var(--dot)}
"""
_FORBID = "default-src 'none'; style-src 'unsafe-inline'"


def document(title: str, body: str) -> str:
    """Give a whole HTML document.

    Args:
        title: not escaped yet.
        body: HTML.
    """
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_FORBID}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{text(title)}</title><style>{_STYLE}</style></head>"
        f"<body>{body}</body></html>\n"
    )


def table(about: str, head: Sequence[str], rows: Iterable[Sequence[str]], *, long: bool = False) -> str:
    """Make a table; cells are HTML already."""
    cell = '<td class="long">' if long else "<td>"
    lines = "".join("<tr>" + "".join(f"{cell}{value}</td>" for value in row) + "</tr>" for row in rows)
    names = "".join(f'<th scope="col">{text(name)}</th>' for name in head)
    return (
        f'<div class="wide"><table><caption>{text(about)}</caption><thead><tr>{names}</tr></thead>'
        f"<tbody>{lines}</tbody></table></div>"
    )


def with_interval(value: float | None, interval: Interval | None) -> str:
    """Write a number, its 95% interval small behind it."""
    if value is None or interval is None:
        return number(value)
    return f"{number(value)} <small>{interval[0]:.3f}&ndash;{interval[1]:.3f}</small>"


def number(value: float | None) -> str:
    """Write a number with three places, a dash where it is not defined."""
    return "&ndash;" if value is None else f"{value:.3f}"


def text(value: str) -> str:
    """Escape, and take out control and direction characters, with which a name could disguise another."""
    return escape("".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in value))
