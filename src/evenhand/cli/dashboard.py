"""`evenhand dashboard`: figures of the last days."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from evenhand.cli.accounting import SinceDay, UntilDay, period
from evenhand.cli.common import read_settings
from evenhand.cli.output import plain
from evenhand.cli.reviewing import dump, opened


def dashboard(
    name: Annotated[str | None, typer.Argument(help="Which one; without a name they are listed.")] = None,
    days: Annotated[int, typer.Option(min=1, max=400, help="How many days, without --since.")] = 30,
    since: SinceDay = None,
    until: UntilDay = None,
    line: Annotated[str | None, typer.Option(help="Only this business line.")] = None,
    language: Annotated[str | None, typer.Option(help="Only this language.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only this kind: text, image, video, audio, stream.")] = None,
    json: Annotated[bool, typer.Option("--json", help="JSON, with the plot as SVG.")] = False,
) -> None:
    """Print the figures of one dashboard; without a name, list them."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from evenhand.accounting.dashboards import titles
    from evenhand.api.dashboards import fresh
    from evenhand.store.tallies import Of

    if name is None:
        for known, title in titles().items():
            print(f"{known}  {title}")
        return
    asked = period(since, until, days=days)
    settings = read_settings()
    with opened() as store:
        found = fresh(store, name, asked, Of(line=line, language=language, kind=kind), settings.detector_hour_price)
    if json:
        dump(found.as_dict())
        return
    table = Table(*found.columns, title=found.title, header_style="bold", pad_edge=False)
    for row in found.rows:
        table.add_row(*(Text(plain(_shown(value))) for value in row))
    Console().print(table)
    print(found.about)


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:,.4g}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
