"""`evenhand library from-videos`: a library document that holds the hashes of videos' frames."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from evenhand.cli import USER_ERROR


def from_videos(
    name: Annotated[str, typer.Argument(help="Name of the library.")],
    videos: Annotated[list[Path], typer.Argument(help="Videos to recognise.")],
    colour: Annotated[str, typer.Option("--list", help="black, white or review.")] = "black",
) -> None:
    """Print a library document that holds the hashes of videos' frames; the videos themselves are not kept."""
    from evenhand.detectors.video_enrol import print_video
    from evenhand.matching.videoprint import LEAST, as_text

    rows, failed = [], False
    for video in videos:
        made = print_video(video)
        if len(made) < LEAST:
            typer.echo(f"{video}: too plain or too still to recognise; make a library from-pictures of it", err=True)
            failed = True
            continue
        rows.append(f"  - {as_text(made)}  # {video.name}, {made.seconds:.0f} s")
    print("\n".join([f"name: {name}", "kind: videos", f"list: {colour}", 'version: "1"', "items:", *rows]))
    if failed:
        raise typer.Exit(USER_ERROR)
