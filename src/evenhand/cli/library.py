"""`evenhand library`: check library documents, make one from samples; for banks see `library_bank`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evenhand.cli import USER_ERROR, library_bank, library_db, library_sounds, library_videos

library = typer.Typer(help="Word lists and sample libraries.", no_args_is_help=True)
library.command("import")(library_bank.import_list)
library.command("export")(library_bank.export)
library.command("add")(library_bank.add)
library.command("remove")(library_bank.remove)
library.command("compact")(library_bank.compact)
library.command("show")(library_bank.show)
library.command("release")(library_bank.release)
library.command("from-sounds")(library_sounds.from_sounds)
library.command("from-videos")(library_videos.from_videos)
library.command("from-texts")(library_db.from_texts)
library.add_typer(library_db.db, name="db")


@library.command("check")
def check_folder(folder: Annotated[Path, typer.Argument(help="Folder of library documents (YAML).")]) -> None:
    """Check all library documents of a folder."""
    from evenhand.matching.bank import HashBank
    from evenhand.matching.libraries import load_libraries
    from evenhand.shelves.refusing import refuse_library

    for loaded in load_libraries(folder):
        refuse_library(loaded)
        count = len(loaded.items if loaded.bank is None else HashBank(Path(loaded.bank)))
        print(f"{loaded.name}: {loaded.kind.value}, {loaded.colour.value}, {count} items, in order")


@library.command("from-pictures")
def from_pictures(
    name: Annotated[str, typer.Argument(help="Name of the library.")],
    pictures: Annotated[list[Path], typer.Argument(help="Pictures to recognise.")],
    colour: Annotated[str, typer.Option("--list", help="black, white or review.")] = "black",
) -> None:
    """Print a library document that holds the perceptual hashes of pictures; the pictures themselves are not kept."""
    from evenhand.detectors.imagehash import hash_image

    rows, failed = [], False
    for picture in pictures:
        digest, quality = hash_image(picture)
        if quality < 50:
            typer.echo(f"{picture}: too plain to recognise (quality {quality} of 100, at least 50 needed)", err=True)
            failed = True
            continue
        rows.append(f"  - {digest}  # {picture.name}")
    print("\n".join([f"name: {name}", "kind: images", f"list: {colour}", 'version: "1"', "items:", *rows]))
    if failed:
        raise typer.Exit(USER_ERROR)
