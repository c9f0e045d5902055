"""`evenhand alerts`: thresholds on figures, told by webhook."""

from __future__ import annotations

from typing import Annotated

import typer

from evenhand.cli.output import plain
from evenhand.cli.reviewing import opened

alerts = typer.Typer(help="Alerts: thresholds on figures, told by webhook.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Name or id of the alert.")]


@alerts.command()
def figures() -> None:
    """List what can be watched, with the filters that each takes."""
    from evenhand.accounting.alerts import FIGURES

    for figure in FIGURES.values():
        filters = f" [{', '.join(figure.filters)}]" if figure.filters else ""
        print(f"{figure.name}{filters}  {figure.description}")


@alerts.command()
def add(
    name: Annotated[str, typer.Argument(help="Yours, unique.")],
    figure: Annotated[str, typer.Argument(help="What is watched; see `figures`.")],
    above: Annotated[float | None, typer.Option(help="Raised above this.")] = None,
    below: Annotated[float | None, typer.Option(help="Raised below this.")] = None,
    filters: Annotated[list[str] | None, typer.Option("--filter", help="NAME=VALUE, e.g. label=hate.")] = None,
    window_s: Annotated[int, typer.Option(help="Seconds that the figure looks back on.")] = 3_600,
    least: Annotated[int, typer.Option(help="Of how many the figure must be made.")] = 50,
) -> None:
    """Watch a figure."""
    from evenhand.accounting.alerts import checked
    from evenhand.store.alerts import NewAlert

    if (above is None) == (below is None):
        raise typer.BadParameter("give one of --above and --below")
    pairs = [text.partition("=") for text in filters or ()]
    if any(not sign for _, sign, _ in pairs):
        raise typer.BadParameter("--filter takes NAME=VALUE")
    new = NewAlert(
        name=name,
        figure=figure,
        threshold=above if above is not None else float(below or 0.0),
        above=above is not None,
        filters={key: value for key, _, value in pairs},
        window_s=window_s,
        least=least,
    )
    with opened() as store:
        print(store.alerts.create(checked(new)).id)


@alerts.command("list")
def show() -> None:
    """List alerts, and how they stand."""
    with opened() as store:
        for one in store.alerts.list():
            state = "off" if one.disabled_at else one.state
            value = "-" if one.value is None else f"{one.value:.4g} of {one.of}"
            sign = ">" if one.above else "<"
            told = ",".join(f"{key}={text}" for key, text in one.filters.items())
            print(plain(f"{one.id}  {state}  {one.figure}({told}) {sign} {one.threshold:g}  now {value}  {one.name}"))


@alerts.command()
def check() -> None:
    """Look at all alerts now, and print what changed; workers do so every minute."""
    from evenhand.accounting.alerts import look

    with opened() as store:
        for alert, event in look(store):
            print(plain(f"{event}  {alert.name}"))


@alerts.command()
def enable(name: Name) -> None:
    """Look at an alert again."""
    with opened() as store:
        store.alerts.switch(name, on=True)
    print(f"{plain(name)} is on")


@alerts.command()
def disable(name: Name) -> None:
    """Look at an alert no longer."""
    with opened() as store:
        store.alerts.switch(name, on=False)
    print(f"{plain(name)} is off")


@alerts.command()
def remove(name: Name) -> None:
    """Forget an alert."""
    with opened() as store:
        store.alerts.remove(name)
    print(f"{plain(name)} removed")
