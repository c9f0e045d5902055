"""Opens the recording that a result is about."""

from __future__ import annotations

from evenhand.decode import decode
from evenhand.decode.media import MediaPlan, MediaSource
from evenhand.domain import Content, Result
from evenhand.errors import InputError
from evenhand.settings import Settings


def as_recording(content: Content, result: Result | None, settings: Settings) -> tuple[MediaSource, MediaPlan]:
    """Give a recording's bytes or path, and how it is cut.

    Raises:
        InputError: it cannot be read, is a URL or no recording, or the result is of another content.
    """
    if content.url is not None:
        raise InputError("a URL may give something else the next time; fetch the file and send it")
    decoded = decode(content, settings)
    if decoded.plan is None or decoded.source is None:
        raise InputError("this is no video and no sound")
    if result is not None and result.content_hash != decoded.content_hash:
        raise InputError("the result is of another content; give the one of this file")
    return decoded.source, decoded.plan
