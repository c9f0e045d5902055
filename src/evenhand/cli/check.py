"""`evenhand check`: the main job on texts, files, folders, URLs and JSON lines."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evenhand.cli import CLEAN, FLAGGED, SYSTEM_ERROR, USER_ERROR
from evenhand.cli.common import Libraries, PolicyFile, open_moderator
from evenhand.cli.files import check_writable
from evenhand.errors import UserError

if TYPE_CHECKING:
    from evenhand.contents import Pause
    from evenhand.domain import Content, ItemError, Result
    from evenhand.facade import Moderator

_FLUSH_S = 0.1  # seconds that a written answer may wait, while the next contents are being read


def check(
    targets: Annotated[
        list[str] | None,
        typer.Argument(help="Files, folders, http(s) URLs, or - for standard input.", metavar="PATH|-|URL..."),
    ] = None,
    text: Annotated[list[str] | None, typer.Option("--text", help="Check this text; may be given again.")] = None,
    jsonl: Annotated[
        str | None,
        typer.Option(
            help='Check JSON lines from a file or -: {"id", "text"|"path"|"url", "lang"?, "context"?, '
            '"conversation"?, "author"?}.'
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print result documents, one a line.")] = False,
    all_scores: Annotated[bool, typer.Option(help="Give the score of every label, also below any threshold.")] = False,
    line: Annotated[str, typer.Option(help="Business line whose rules decide.")] = "default",
    lang: Annotated[str | None, typer.Option(help='Language of the texts ("en"); identified where not given.')] = None,
    policy: PolicyFile = None,
    libraries: Libraries = None,
    progress: Annotated[bool, typer.Option(help="Show a progress bar on a terminal.")] = True,
    sheet: Annotated[
        Path | None,
        typer.Option(
            help="Draw what happened when in a video or sound on one page: a JPEG; an existing one is replaced."
        ),
    ] = None,
    uncovered: Annotated[
        bool, typer.Option("--uncovered", help="With --sheet: do not blur sexual and graphic pictures.")
    ] = False,
) -> None:
    """Check contents and say what was decided, and why.

    Folders are read whole, without hidden files; links to folders are not followed.

    Exit code: 0 clean, 1 something was flagged, 2 user error, 3 system error.
    """
    from evenhand.cli import inputs, output
    from evenhand.domain import Options, is_language

    if lang is not None and not is_language(lang):
        raise typer.BadParameter('--lang takes a language tag of BCP 47, such as "en" or "zh-Hant"')
    if not (targets or text or jsonl):
        raise typer.BadParameter("give files, folders, URLs, - for standard input, --text or --jsonl")
    if sheet is not None and (len(targets or []) != 1 or text or jsonl):
        raise typer.BadParameter("--sheet is drawn of one recording; give one file")
    if sheet is not None:
        check_writable([sheet], data=Path((targets or [""])[0]))
    with open_moderator(policy=policy, libraries=libraries) as moderator:
        limit = moderator.inner.settings.max_file_bytes
        contents = inputs.gather(targets or [], text or [], jsonl, language=lang, max_bytes=limit)
        options = Options(line=line, all_scores=all_scores)
        kept: list[Result] = []
        if json or jsonl:
            code = _write_lines(_keeping(moderator.check_many(_flushing(contents), options=options), kept, sheet))
        else:
            answers = _keeping(moderator.check_many(contents, options=options), kept, sheet)
            total = inputs.count(targets or [], text or [])
            code = output.table(answers, total=total, progress=progress)
        if sheet is not None and kept:
            _draw(moderator, Path((targets or [""])[0]), kept[0], sheet, blur=not uncovered)
    raise typer.Exit(code)


def _keeping(
    answers: Iterable[Result | ItemError], kept: list[Result], sheet: Path | None
) -> Iterator[Result | ItemError]:
    """Hand on answers, and keep the result that a sheet is drawn of."""
    from evenhand.domain import Result

    for answer in answers:
        if sheet is not None and isinstance(answer, Result):
            kept.append(answer)
        yield answer


def _draw(moderator: Moderator, target: Path, result: Result, sheet: Path, *, blur: bool) -> None:
    """Write the sheet; say on standard error what is on it.

    Raises:
        UserError: it cannot be written, or the file is no recording.
    """
    drawn = moderator.sheet(target, result=result, blur=blur)
    try:
        sheet.write_bytes(drawn.data)
    except OSError as error:
        raise UserError(f"{sheet} cannot be written: {error.strerror or error}.") from error
    told = f"{sheet}: {drawn.incidents} incidents, {drawn.frames} frames, {drawn.blurred} blurred"
    typer.echo("; ".join((told, *drawn.notes)), err=True)


def _flushing(contents: Iterable[Content | ItemError | Pause]) -> Iterator[Content | ItemError | Pause]:
    """Hand on contents; each time more are asked for, all answers so far are written: send them, but not one by one."""
    from evenhand.contents import Pause

    flushed = time.monotonic()
    for content in contents:
        yield content
        if isinstance(content, Pause) or time.monotonic() - flushed > _FLUSH_S:
            sys.stdout.buffer.flush()
            flushed = time.monotonic()


def _write_lines(answers: Iterable[Result | ItemError]) -> int:
    import orjson

    out = sys.stdout.buffer
    code = CLEAN
    for answer in answers:
        out.write(orjson.dumps(answer.as_dict()) + b"\n")
        code = worst(code, answer)
    out.flush()
    return code


def worst(code: int, answer: Result | ItemError) -> int:
    """Give the exit code after one more answer: errors weigh more than flags."""
    from evenhand.domain import Action, ItemError

    if isinstance(answer, ItemError):
        return max(code, SYSTEM_ERROR if answer.status >= 500 else USER_ERROR)
    return max(code, CLEAN if answer.action is Action.PASS else FLAGGED)
