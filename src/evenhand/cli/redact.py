"""`evenhand redact`: a file in, the same file out with what was found in it covered."""

from __future__ import annotations

import os
import sys
import tempfile
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
    source: Annotated[Path, typer.Argument(help="Picture or text file.", metavar="IN")],
    target: Annotated[Path, typer.Argument(help="File to write, in the same format.", metavar="OUT")],
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
    force: Annotated[bool, typer.Option("--force", help="Overwrite OUT if it is there.")] = False,
    line: Annotated[str, typer.Option(help="Business line of the check.")] = "default",
    policy: PolicyFile = None,
    libraries: Libraries = None,
) -> None:
    """Write a file again with what was found in it covered, and a picture without EXIF, GPS and other metadata.

    Exit code: 0 written, 1 written but a detector gave no answer, 2 user error, 3 system error.
    """
    from evenhand.actions.redact import Redaction
    from evenhand.actions.redact_cover import Style
    from evenhand.domain import Options

    if style not in list(Style):
        raise typer.BadParameter(f"--style is one of {', '.join(Style)}")
    if no_check and label:
        raise typer.BadParameter("--no-check looks for nothing, so there is no --label to cover; leave one out")
    if target.exists() and not force:
        raise UserError(f"{target} is there already; give another name, or --force to overwrite it.")
    redaction = Redaction(
        labels=() if no_check else tuple(label or ("harm",)),
        least_score=min_score,
        boxes=tuple(_box(text) for text in box or ()),
        style=Style(style),
    )
    with open_moderator(policy=policy, libraries=libraries) as moderator:
        done = moderator.redact(source, redaction=redaction, options=Options(line=line, record=False))
    _write(target, done.data, force=force)
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
    return FLAGGED if done.result is not None and done.result.incomplete else CLEAN


def _write(target: Path, data: bytes, *, force: bool) -> None:
    """Write the whole file or none of it; a file that came meanwhile is not overwritten either.

    Raises:
        UserError: it cannot be written, or is there already.
    """
    try:
        if not force:
            target.open("xb").close()  # ours from here on
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".evenhand-")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
            Path(name).chmod(target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask())
            os.replace(name, target)
        except BaseException:
            os.unlink(name)
            if not force:
                target.unlink()
            raise
    except OSError as error:
        raise UserError(f"{target} cannot be written: {error.strerror or error}.") from error


def _umask() -> int:
    """Give the process's mask of permissions, which can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
