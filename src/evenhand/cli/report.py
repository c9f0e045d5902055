"""`evenhand report`: a transparency report."""

from __future__ import annotations

from typing import Annotated

import typer

from evenhand.cli.accounting import GroundsFile, Language, Out, SinceDay, UntilDay, period, put
from evenhand.cli.common import read_settings
from evenhand.cli.reviewing import opened


def report(
    since: SinceDay = None,
    until: UntilDay = None,
    days: Annotated[int, typer.Option(min=1, max=400, help="How many days, without --since.")] = 30,
    lang: Language = "en",
    form: Annotated[str, typer.Option("--format", help="html, pdf, csv or json.")] = "html",
    out: Out = None,
    grounds: GroundsFile = None,
) -> None:
    """Make a transparency report: decisions by action, label, line and language, the share of automation, error rates
    from review and appeals, median times.
    """
    from evenhand.accounting.grounds import read_grounds
    from evenhand.accounting.reportfiles import MEDIA_TYPES
    from evenhand.api.reports import made
    from evenhand.store.reviewrecords import LOCAL

    if form not in (*MEDIA_TYPES, "json"):
        raise typer.BadParameter(f"--format is {', '.join(MEDIA_TYPES)} or json")
    asked = period(since, until, days=days)
    platform = read_grounds(read_settings(grounds=grounds)).platform
    with opened() as store:
        put(made(store, asked, lang, platform, actor=LOCAL, form=form), out)
