"""`evenhand classes`: custom classes of pictures, taught with a few examples."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evenhand.cli.common import open_moderator

if TYPE_CHECKING:
    from evenhand.domain import PictureClass

classes = typer.Typer(help="Custom classes of pictures, taught with a few examples.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="Name of the class: lower-case letters, digits and '_'.")]


@classes.command()
def train(
    name: Name,
    folder: Annotated[Path, typer.Argument(help="Folder of pictures of the class; twenty do well, eight at least.")],
    against: Annotated[
        Path | None, typer.Option(help="Folder of pictures that it should not be taken for; these help most.")
    ] = None,
    label: Annotated[
        str | None, typer.Option(help="Label of its findings, below a top-level one: ads.stickers. Else known.NAME.")
    ] = None,
) -> None:
    """Teach a class, say how well it was learnt, and keep it in the store; the pictures are not kept."""
    from evenhand.detectors.classes_train import checked_label, pictures_in

    checked_label(name, label)  # before any picture is read
    positives = pictures_in(folder)
    with open_moderator() as moderator:
        made = moderator.train_class(
            name, positives, against=pictures_in(against) if against is not None else (), label=label
        )
    for file, why in made.left_out:
        typer.echo(f"{file}: left out: {why}", err=True)
    _print(made.picture_class)


@classes.command("list")
def show_all() -> None:
    """List the classes in the store."""
    with open_moderator() as moderator:
        for one in moderator.classes():
            print(f"{one.name}  {one.label}  {one.version}  {_found(one.quality['found'])} found")


@classes.command()
def show(name: Name) -> None:
    """Show one class and how well it was learnt."""
    from evenhand.errors import NotFoundError

    with open_moderator() as moderator:
        for one in moderator.classes():
            if one.name == name:
                _print(one)
                return
    raise NotFoundError(f"no class {name[:60]!r} is stored; list them with 'evenhand classes list'")


@classes.command()
def remove(name: Name) -> None:
    """Forget a class."""
    with open_moderator() as moderator:
        moderator.remove_class(name)
    print(f"{name} removed")


def _print(one: PictureClass) -> None:
    quality: Mapping[str, Any] = one.quality
    print(f"{one.name}: findings are called {one.label}; version {one.version}")
    print(f"  taught with {quality['examples']} examples ({quality['distinct']} different pictures)")
    print("  of pictures it was not shown (5-fold cross-validation, score 0.5):")
    print(f"    examples found        {_found(quality['found'])}")
    print(f"    ordinary, taken for   {_found(quality['false_alarms_ordinary'])}")
    if quality["false_alarms_against"] is not None:
        print(f"    against, taken for    {_found(quality['false_alarms_against'])}")


def _found(share: Any) -> str:
    return f"{share['count']} of {share['of']} (95% interval {share['low']:.1%} to {share['high']:.1%})"
