"""`evenhand library likeness`: copies that were cropped, framed or turned are found too."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evenhand.cli import USER_ERROR
from evenhand.cli.common import read_settings


def likeness(
    document: Annotated[Path, typer.Argument(help="Library document (YAML) of pictures, black or review.")],
    pictures: Annotated[list[Path], typer.Argument(help="The pictures whose hashes it, or its bank, holds.")],
) -> None:
    """Keep likenesses of a library's pictures beside it, so that edited copies go to review; not the pictures."""
    from evenhand.detectors.likeness_enrol import enrol
    from evenhand.matching.libraries import load_library
    from evenhand.shelves.refusing import refuse_library

    library = load_library(document)
    refuse_library(library)
    made = enrol(library, pictures, folder=document.parent, settings=read_settings())
    for name, why in made.left_out:
        typer.echo(f"{name}: left out: {why}", err=True)
    print(f"{library.name}: {made.added} added, {made.rows} in all")
    if made.left_out:
        raise typer.Exit(USER_ERROR)
