"""`evenhand library from-sounds`: a library document that holds the fingerprints of sounds and videos."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evenhand.cli import USER_ERROR


def from_sounds(
    name: Annotated[str, typer.Argument(help="Name of the library.")],
    sounds: Annotated[list[Path], typer.Argument(help="Sounds, or videos for their sound, to recognise.")],
    colour: Annotated[str, typer.Option("--list", help="black, white or review.")] = "black",
) -> None:
    """Print a library document that holds the fingerprints of sounds; the sounds themselves are not kept."""
    from evenhand.detectors.sound_enrol import fingerprint_file
    from evenhand.matching.audioprint import STEPS, as_text

    rows, failed = [], False
    for sound in sounds:
        words = fingerprint_file(sound)
        heard = int((words != 0).sum()) / STEPS
        if heard < 1:
            typer.echo(f"{sound}: under a second of it can be heard; nothing to recognise", err=True)
            failed = True
            continue
        rows.append(f"  - {as_text(words)}  # {sound.name}, {len(words) / STEPS:.0f} s")
    print("\n".join([f"name: {name}", "kind: sounds", f"list: {colour}", 'version: "1"', "items:", *rows]))
    if failed:
        raise typer.Exit(USER_ERROR)
