"""`evenhand labels` and `evenhand detectors`: what can be found, and by what."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from evenhand.cli.common import Libraries, open_moderator

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def labels(json: AsJson = False, libraries: Libraries = None) -> None:
    """List all labels, what they mean, and the detectors that can give them here."""
    with open_moderator(libraries=libraries) as moderator:
        rows = moderator.inner.labels()
    if json:
        _dump({"labels": rows})
        return
    _show(("label", "meaning", "given by"), [(r["name"], r["description"], ", ".join(r["detectors"])) for r in rows])


def detectors(json: AsJson = False, libraries: Libraries = None) -> None:
    """List all detectors, and why those that are missing cannot be had."""
    with open_moderator(libraries=libraries) as moderator:
        rows = moderator.inner.detectors()
    if json:
        _dump({"detectors": rows})
        return
    _show(
        ("detector", "version", "reads", "what it does"),
        [(r["name"], r.get("version", "-"), r.get("reads", "-"), r.get("description") or r["why"]) for r in rows],
    )


def _dump(document: dict[str, Any]) -> None:
    import orjson

    sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")


def _show(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)
