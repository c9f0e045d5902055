"""`evenhand redact`: a file in, the same file out with what was found in it covered."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evenhand.cli import CLEAN, FLAGGED
from evenhand.cli.common import Libraries, PolicyFile, open_moderator
from evenhand.errors import UserError

if TYPE_CHECKING:
    from evenhand.actions.redact import Redacted
    from evenhand.domain.location import Box


def redact(
    source: Annotated[Path, typer.Argument(help="Picture, text, video or sound.", metavar="IN")],
    out: Annotated[Path | None, typer.Argument(help="File to write, in the same format.", metavar="[OUT]")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The same as OUT.")] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(
            "--label", help='Cover findings of this label and those below it; may be given again. "harm", "all".'
        ),
    ] = None,
    min_score: Annotated[float, typer.Option(min=0, max=1, help="Least score of a finding that is covered.")] = 0.5,
    box: Annotated[
        list[str] | None,
        typer.Option("--box", help="Cover left,top,right,bottom too, in pixels as findings give them."),
    ] = None,
    style: Annotated[str, typer.Option(help="pixelate, blur or box.")] = "pixelate",
    no_check: Annotated[
        bool, typer.Option("--no-check", help="Look for nothing: only cover the boxes and take out the metadata.")
    ] = False,
    sound: Annotated[str, typer.Option(help="What is heard in the place of words: bleep or silence.")] = "bleep",
    start: Annotated[float | None, typer.Option(min=0, help="Only from this second of a recording.")] = None,
    end: Annotated[float | None, typer.Option(min=0, help="Only until this second.")] = None,
    incident: Annotated[
        int | None, typer.Option(min=1, help="Only this incident of a recording, from 1 in the order of their starts.")
    ] = None,
    around: Annotated[float, typer.Option(min=0, help="Seconds on each side of the incident.")] = 2.0,
    uncovered: Annotated[
        bool, typer.Option("--uncovered", help="With --incident: cut the clip and cover nothing in it.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite OUT if it is there.")] = False,
    line: Annotated[str, typer.Option(help="Business line of the check.")] = "default",
    policy: PolicyFile = None,
    libraries: Libraries = None,
) -> None:
    """Write a file again with what was found in it covered, without EXIF, GPS and other metadata.

    A video or sound is coded anew; regions are covered for as long as they may be seen, and words are bleeped.

    Exit code: 0 written, 1 written but a detector gave no answer, 2 user error, 3 system error.
    """
    from evenhand.actions.redact import Redaction
    from evenhand.actions.redact_cover import Style
    from evenhand.actions.redact_sound import Sound
    from evenhand.domain import Options

    if (out is None) == (output is None):
        raise typer.BadParameter("give one file to write: evenhand redact IN OUT, or --output OUT")
    target = out or output or source
    if sound not in list(Sound):
        raise typer.BadParameter(f"--sound is one of {', '.join(Sound)}")
    if incident is not None and no_check:
        raise typer.BadParameter("--no-check finds no incidents; give --start and --end")
    if uncovered and (incident is None or label):
        raise typer.BadParameter("--uncovered goes with --incident, and without --label")
    if style not in list(Style):
        raise typer.BadParameter(f"--style is one of {', '.join(Style)}")
    if no_check and label:
        raise typer.BadParameter("--no-check looks for nothing, so there is no --label to cover; leave one out")
    if target.exists() and not force:
        raise UserError(f"{target} is there already; give another name, or --force to overwrite it.")
    redaction = Redaction(
        labels=() if no_check or uncovered else tuple(label or ("harm",)),
        least_score=min_score,
        boxes=tuple(_box(text) for text in box or ()),
        style=Style(style),
        sound=Sound(sound),
        clip=None if start is None and end is None else (start or 0.0, 1e6 if end is None else end),
        incident=None if incident is None else incident - 1,
        around=around,
    )
    options = Options(line=line, record=False)
    with _beside(target) as part, open_moderator(policy=policy, libraries=libraries) as moderator:
        result = moderator.check(source, options=options) if uncovered else None
        done = moderator.redact(source, redaction=replace(redaction, to=part), result=result, options=options)
        _place(part, target, done.data, force=force)
    raise typer.Exit(_report(target, done))


def _box(text: str) -> Box:
    try:
        left, top, right, bottom = (float(value) for value in text.split(","))
    except ValueError:
        raise typer.BadParameter('--box takes four numbers: "left,top,right,bottom"') from None
    return left, top, right, bottom


def _report(target: Path, done: Redacted) -> int:
    from evenhand.cli.output import describe, plain

    count = len(done.covered) + done.boxes
    print(f"{target}: {done.media_type}, {count} {'region' if count == 1 else 'regions'} covered")
    for finding in done.covered:
        print(plain(f"  {finding.label} {finding.score:.2f} {describe(finding.location)}"))
    for note in done.notes:
        print(plain(f"  note: {note}"), file=sys.stderr)
    return CLEAN if done.complete else FLAGGED


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """Give a file beside the target to write to; it is gone in the end.

    Raises:
        UserError: nothing can be written there.
    """
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".evenhand-")
    except OSError as error:
        raise UserError(f"{target} cannot be written: {error.strerror or error}.") from error
    os.close(handle)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _place(part: Path, target: Path, data: bytes, *, force: bool) -> None:
    """Put the whole file in its place; a file that came meanwhile is not overwritten either.

    Args:
        part: what was written; where `data` is not empty, that is written to it first.
        target: its place.
        data: the file's bytes.
        force: overwrite what is there.

    Raises:
        UserError: it cannot be written, or is there already.
    """
    try:
        if data or not part.stat().st_size:
            part.write_bytes(data)
        part.chmod(target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask())
        if not force:
            target.open("xb").close()  # ours from here on
        os.replace(part, target)
    except OSError as error:
        raise UserError(f"{target} cannot be written: {error.strerror or error}.") from error


def _umask() -> int:
    """Give the process's mask of permissions, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
