"""`evenhand watch`: follows one live stream and prints what happens in it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evenhand.cli import CLEAN, FLAGGED, SYSTEM_ERROR
from evenhand.cli.common import Libraries, PolicyFile, read_settings
from evenhand.errors import UnsupportedError

if TYPE_CHECKING:
    from evenhand.intake.events import Event
    from evenhand.intake.reader import Ending
    from evenhand.settings import Settings


def watch(
    stream: Annotated[
        str, typer.Argument(help="rtmp, rtsp, srt or http(s) address of a stream, or a file that is read as if live.")
    ],
    seconds: Annotated[float | None, typer.Option(min=0.1, help="Stop after so many seconds.")] = None,
    line: Annotated[str, typer.Option(help="Business line whose rules decide.")] = "default",
    lang: Annotated[str | None, typer.Option(help='Language of what is said ("en"); found where not given.')] = None,
    clips: Annotated[Path | None, typer.Option(help="Folder for clips of what has to be reviewed.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print events as JSON, one a line.")] = False,
    quiet: Annotated[bool, typer.Option(help="Print incidents, gaps and the end only.")] = False,
    policy: PolicyFile = None,
    libraries: Libraries = None,
) -> None:
    """Follow a live stream until it ends, and print incidents within seconds of their beginning.

    You may name a host of your own network: it is allowed because you name it. Ctrl-C stops.

    Exit code: 0 nothing was told, 1 there were incidents, 2 user error, 3 the stream failed.
    """
    import asyncio
    from importlib.util import find_spec

    from evenhand.domain import is_language

    if find_spec("av") is None:  # before models are loaded
        raise UnsupportedError("following a stream needs an extra: pip install 'evenhand[video]'")
    if lang is not None and not is_language(lang):
        raise typer.BadParameter('--lang takes a language tag of BCP 47, such as "en" or "zh-Hant"')
    settings = read_settings(policy=policy, libraries=libraries)
    journal = _Printed(json=json, quiet=quiet, clips=clips)
    ending = asyncio.run(_follow(settings, stream, journal, seconds=seconds, line=line, language=lang))
    if ending.state == "failed":
        raise typer.Exit(SYSTEM_ERROR)
    raise typer.Exit(FLAGGED if journal.told else CLEAN)


async def _follow(
    settings: Settings, stream: str, journal: _Printed, *, seconds: float | None, line: str, language: str | None
) -> Ending:
    import asyncio
    import signal
    from contextlib import suppress

    from evenhand.app import AsyncModerator
    from evenhand.domain import Content, ContentKind, Options, new_id
    from evenhand.intake.addresses import read_address
    from evenhand.intake.follower import Follower, Turns

    address = read_address(stream, files=True)
    async with AsyncModerator(settings) as moderator:
        moderator.policy.line(line)
        await asyncio.to_thread(moderator.warm)  # so that the first incident is told as soon as the later ones
        content = Content(url=address.shown, id=new_id(), kind=ContentKind.STREAM, language=language)
        follower = Follower(
            moderator,
            address,
            journal,
            Turns(),
            options=Options(line=line),
            content=content,
            allowed=frozenset({address.target}) if address.host else frozenset(),
        )
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError, ValueError):
                loop.add_signal_handler(number, follower.stop)
        timer = loop.call_later(seconds, follower.stop) if seconds is not None else None
        try:
            return await follower.run()
        finally:
            if timer is not None:
                timer.cancel()


class _Printed:
    """A journal on paper: printed, kept nowhere."""

    def __init__(self, *, json: bool, quiet: bool, clips: Path | None) -> None:
        self._json, self._quiet, self._clips = json, quiet, clips
        self.told = 0

    def write(self, events: Sequence[Event], state: Mapping[str, Any]) -> bool:
        """Print events."""
        import orjson

        for event in events:
            self.told += event.kind == "incident.opened"
            if self._json:
                sys.stdout.buffer.write(orjson.dumps({"event": event.kind, **event.data}) + b"\n")
            elif not self._quiet or event.kind.startswith(("incident", "gap", "stop", "incomplete", "ended", "failed")):
                sys.stdout.write(_shown(event) + "\n")
        if events:
            sys.stdout.flush()
        return True

    def clip(self, incident: str, data: bytes) -> bool:
        """Write a clip into the folder."""
        from evenhand.errors import StoreError

        if self._clips is None:
            return False
        try:
            self._clips.mkdir(parents=True, exist_ok=True)
            (self._clips / f"{incident}.mkv").write_bytes(data)
        except OSError as error:
            raise StoreError(f"A clip could not be kept in {self._clips}: {error.strerror or error}.") from error
        return True


def _shown(event: Event) -> str:
    from evenhand.cli.output import plain

    data = event.data
    if event.kind.startswith("incident") or event.kind == "stop":
        ways = ", ".join(data["modalities"])
        span = f"{_clock(data['start'])}-{_clock(data['end'])}"
        text = f"{span}  {event.kind}  {data['action']}  {data['label']} {data['score']:.2f} ({ways})"
        if "reason" in data:
            text += f"  {data['reason']}"
    elif event.kind == "gap":
        text = f"{_clock(data['start'])}-{_clock(data['end'])}  gap  {data['why']}"
    elif event.kind == "incomplete":
        text = f"{_clock(data['at'])}  incomplete  " + "; ".join(f"{name}: {why}" for name, why in data["why"].items())
    elif "message" in data:
        text = f"{event.kind}: {data['message']}"
    else:
        text = f"{event.kind}  " + ", ".join(f"{name} {value}" for name, value in data.items())
    return plain(text)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(float(seconds), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02}:{rest:04.1f}"
