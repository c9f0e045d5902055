"""`evenhand wellness`: what a reviewer sets for themselves. Each command prints JSON."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from evenhand.cli.reviewing import As, dump, opened, person

wellness = typer.Typer(help="Reviewers' wellness: own settings, breaks, totals.", no_args_is_help=True)

_Switch = Annotated[bool | None, typer.Option(show_default=False)]


@wellness.command()
def show(who: As = None) -> None:
    """Show your settings, and what you were shown in the last 24 hours."""
    from evenhand.review.documents import comfort_document

    with opened() as store:
        me = person(store, who)
        dump(comfort_document(store.wellness.comfort(me), store.wellness.today(me)))


@wellness.command("set")
def change(
    blur: _Switch = None,
    greyscale: _Switch = None,
    mute: _Switch = None,
    small: _Switch = None,
    opt_out: Annotated[
        list[str] | None, typer.Option(help="A label whose items you are not given; may be given again. '': none.")
    ] = None,
    budget: Annotated[
        list[str] | None, typer.Option(help="LABEL=N: most items in 24 hours; may be given again. '': no budgets.")
    ] = None,
    in_a_row: Annotated[int | None, typer.Option(help="Most items of one label in a row; 0: any number.")] = None,
    break_after_minutes: Annotated[int | None, typer.Option(help="A break is due after; 0: never.")] = None,
    break_after_hard: Annotated[int | None, typer.Option(help="... or after so many hard items; 0: never.")] = None,
    break_minutes: Annotated[int | None, typer.Option(help="How long a break is.")] = None,
    who: As = None,
) -> None:
    """Change your settings; what is not given stays."""
    from evenhand.review.documents import comfort_document

    changes: dict[str, Any] = {
        "blur": blur,
        "greyscale": greyscale,
        "mute": mute,
        "small": small,
        "opt_outs": None if opt_out is None else [label for label in opt_out if label],
        "budget": None if budget is None else _budget(budget),
        "in_a_row": in_a_row,
        "break_after_minutes": break_after_minutes,
        "break_after_hard": break_after_hard,
        "break_minutes": break_minutes,
    }
    with opened() as store:
        me = person(store, who)
        comfort = store.wellness.change(me, {name: value for name, value in changes.items() if value is not None})
        dump(comfort_document(comfort, store.wellness.today(me)))


@wellness.command("break")
def rest(
    minutes: Annotated[int | None, typer.Option(min=1, max=480, help="Left out: as your settings say.")] = None,
    who: As = None,
) -> None:
    """Take a break now: you are given nothing until it is over."""
    with opened() as store:
        until = store.wellness.rest(person(store, who), minutes)
        dump({"rest_until": until.isoformat(timespec="seconds")})


@wellness.command()
def totals(hours: Annotated[float, typer.Option(min=0.01, max=840, help="How far back.")] = 24) -> None:
    """Show what all reviewers together were shown; null: fewer than three, of whom it would tell."""
    with opened() as store:
        dump({"totals": store.wellness.totals(datetime.now(UTC) - timedelta(hours=hours))})


def _budget(given: list[str]) -> dict[str, int]:
    out: dict[str, int] = {}
    for one in given:
        label, _, number = one.partition("=")
        if one and not number.isdigit():
            raise typer.BadParameter(f"{one[:80]!r}: write LABEL=N")
        if one:
            out[label] = int(number)
    return out
