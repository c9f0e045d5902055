"""`/v1/review/items/{id}/...`: what a reviewer looks at. Content is hostile: what leaves here cannot run.

Pictures are drawn anew as JPEG. Recordings leave as they came, but with a media type found from their bytes, under a
policy that makes them inert, and are offered by a name of our own. Everything else is only ever saved, never shown.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Annotated, Any, TypeVar

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse

from evenhand.api.auth import ForbiddenError
from evenhand.api.check import ERRORS
from evenhand.api.reviewpeople import person_of
from evenhand.api.reviewshapes import ContentOut, PolicyOut, SimilarOut, TranscriptOut, WaveformOut
from evenhand.api.schemas import ErrorOut
from evenhand.api.state import State, state_of
from evenhand.domain import AudioPart, TextPart
from evenhand.errors import NotFoundError
from evenhand.review.evidence import NOT_KEPT, Held, content_document, held, may_see
from evenhand.review.ruletext import rule_document
from evenhand.review.similar import similar
from evenhand.review.viewing import picture, quoted, transcript, waveform
from evenhand.store.reviewrecords import Person, ReviewItem

router = APIRouter(tags=["review"])

T = TypeVar("T")
_ITEM = "/v1/review/items/{decision_id}"
_ONE: dict[int | str, dict[str, Any]] = {
    **{code: ERRORS[code] for code in (401, 403, 422, 429, 503)},
    404: {"model": ErrorOut, "description": "No such item, or its content is not kept."},
}
_FILE: dict[int | str, dict[str, Any]] = {
    **_ONE,
    200: {"content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}, "description": "The bytes."},
}
# Browsers play these; by bytes, never by what somebody said.
_PLAYED = {
    "video/mp4": ("video/mp4", "mp4"),
    "video/x-matroska": ("video/webm", "webm"),
    "audio/mpeg": ("audio/mpeg", "mp3"),
    "audio/wav": ("audio/wav", "wav"),
    "audio/flac": ("audio/flac", "flac"),
    "audio/ogg": ("audio/ogg", "ogg"),
    "audio/aac": ("audio/aac", "aac"),
    "audio/mp4": ("audio/mp4", "m4a"),
}
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_BLOCK = 1 << 18
_AT_ONCE = 2  # contents decoded for people at a time: checks come first
# Whatever a browser takes the bytes for, nothing in them runs, loads or is framed elsewhere.
INERT = {
    "content-security-policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "cache-control": "private, no-store",
}


@router.get(_ITEM + "/content", response_model=ContentOut, responses=_ONE, summary="Give what there is to look at")
async def content(request: Request, decision_id: str) -> Response:
    """Give a text with its evidence marked and its normalised form beside it, or what a picture or a recording is;
    incidents, and the context that came with it. Says so where the content itself is not kept.
    """
    state, _, item = await _seen(request, decision_id)

    def work() -> dict[str, Any]:
        decision, context = state.store.decision_with_context(decision_id)
        return content_document(state.store, state.moderator.settings, item, decision, context)

    return _json(await asyncio.to_thread(work))


@router.get(_ITEM + "/policy", response_model=PolicyOut, responses=_ONE, summary="Give the rule that fired, and scores")
async def policy(request: Request, decision_id: str) -> Response:
    """Give the text of the rule that fired, from the very version that decided, and each label with its score."""
    state, _, _ = await _seen(request, decision_id)

    def work() -> dict[str, Any]:
        return rule_document(state.store, dict(state.store.decision(decision_id)))

    return _json(await asyncio.to_thread(work))


@router.get(_ITEM + "/similar", response_model=SimilarOut, responses=_ONE, summary="Give similar past items")
async def alike(request: Request, decision_id: str) -> Response:
    """Give past items about the same content, nearly the same, or one of like meaning or look, with their verdicts."""
    state, person, item = await _seen(request, decision_id)

    def work() -> dict[str, Any]:
        return {"items": similar(state.store, state.moderator.settings, item, person)}

    return _json(await _heavy(request, work))


@router.get(_ITEM + "/picture", response_class=Response, responses=_FILE, summary="Give a picture, drawn anew")
async def drawn(
    request: Request,
    decision_id: str,
    frame: Annotated[int | None, Query(ge=0, le=1_000_000, description="Of an animation; left out: the first.")] = None,
) -> Response:
    """Give a picture as JPEG without metadata; boxes of findings are in its pixels."""
    state, _, item = await _seen(request, decision_id)
    kept = await _kept(state, item)
    body = await _heavy(request, partial(picture, kept, state.moderator.settings, frame=frame))
    return Response(body, media_type="image/jpeg", headers=INERT)


@router.get(_ITEM + "/media", response_class=Response, responses=_FILE, summary="Give a kept content itself")
async def media(request: Request, decision_id: str) -> Response:
    """Give the kept bytes, or a range of them. Videos and sounds that browsers play have their own media type; all
    else is application/octet-stream, to be saved.
    """
    state, _, item = await _seen(request, decision_id)
    kept = await _kept(state, item)
    played = _PLAYED.get(kept.media)
    kind, ending = played or ("application/octet-stream", "bin")
    how = "inline" if played else "attachment"
    headers = {
        **INERT,
        "accept-ranges": "bytes",
        "content-disposition": f'{how}; filename="content-{decision_id}.{ending}"',
    }
    start, end = 0, kept.size
    status = 200
    asked = request.headers.get("range")
    if asked is not None and "if-range" not in request.headers:
        wanted = byte_range(asked, kept.size)
        if wanted is None:
            return Response(status_code=416, headers={**headers, "content-range": f"bytes */{kept.size}"})
        start, end = wanted
        status, headers["content-range"] = 206, f"bytes {start}-{end - 1}/{kept.size}"
    headers["content-length"] = str(end - start)
    return StreamingResponse(_blocks(kept, start, end), status, headers, kind)


@router.get(_ITEM + "/waveform", response_model=WaveformOut, responses=_ONE, summary="Give the peaks of a sound")
async def wave(request: Request, decision_id: str) -> Response:
    """Give the peaks of a recording's sound, 0 to 100. Made once, within a minute, and kept with the content."""
    state, _, item = await _seen(request, decision_id)
    known = await asyncio.to_thread(state.store.traits.get, item.content_hash)
    if known is not None and known.peaks is not None:
        return _json(dict(known.peaks))
    kept = await _kept(state, item)

    def work() -> dict[str, Any]:
        made = waveform(kept, state.moderator.settings)
        state.store.traits.put(item.content_hash, kept.family, {"peaks": made})
        return made

    return _json(await _heavy(request, work))


@router.get(
    _ITEM + "/transcript", response_model=TranscriptOut, responses=_ONE, summary="Give what is said, with times"
)
async def said(request: Request, decision_id: str) -> Response:
    """Give the transcript that was made, or else the words that stand in findings."""
    state, _, item = await _seen(request, decision_id)

    def work() -> dict[str, Any]:
        known = state.store.traits.get(item.content_hash)
        if known is not None and known.transcript is not None:
            return dict(known.transcript)
        decision: dict[str, Any] = dict(state.store.decision(decision_id))
        return quoted(decision["findings"])

    return _json(await asyncio.to_thread(work))


@router.post(_ITEM + "/transcript", response_model=TranscriptOut, responses=_ONE, summary="Have it written down")
async def write(request: Request, decision_id: str) -> Response:
    """Write down what is said, and read the subtitles: minutes of work, once. Kept with the content."""
    state, _, item = await _seen(request, decision_id)
    known = await asyncio.to_thread(state.store.traits.get, item.content_hash)
    if known is not None and known.transcript is not None:
        return _json(dict(known.transcript))
    kept = await _kept(state, item)

    def work() -> dict[str, Any]:
        made = transcript(kept, state.moderator.settings, _speech(state))
        state.store.traits.put(item.content_hash, kept.family, {"transcript": made})
        return made

    return _json(await _heavy(request, work))


def byte_range(asked: str, size: int) -> tuple[int, int] | None:
    """Read the header Range for a file: [start, end); None: there are no such bytes.

    Args:
        asked: "bytes=0-99", "bytes=100-", "bytes=-100"; of several ranges the first counts.
        size: of the file, in bytes.
    """
    found = _RANGE.match(asked.strip())
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        start, end = max(0, size - int(found[2])), size
    else:
        start = int(found[1])
        end = min(size, int(found[2]) + 1) if found[2] else size
    return (start, end) if start < end else None


async def _seen(request: Request, decision_id: str) -> tuple[State, Person, ReviewItem]:
    """Give an item that the caller may see."""
    state = state_of(request)
    person = await person_of(request, state)
    item = await asyncio.to_thread(state.store.reviews.get, decision_id, person)
    if not may_see(item, person):
        raise ForbiddenError("That item was escalated: only somebody senior sees its content.")
    return state, person, item


async def _kept(state: State, item: ReviewItem) -> Held:
    kept = await asyncio.to_thread(held, state.store, state.moderator.settings, item.content_hash)
    if kept is None:
        raise NotFoundError(NOT_KEPT)
    return kept


async def _heavy(request: Request, work: Callable[[], T]) -> T:
    gate: asyncio.Semaphore | None = getattr(request.app.state, "review_gate", None)
    if gate is None:
        gate = request.app.state.review_gate = asyncio.Semaphore(_AT_ONCE)
    async with gate:
        return await asyncio.to_thread(work)


def _speech(state: State) -> Callable[[AudioPart], Sequence[TextPart]] | None:
    for slot in state.moderator.registry.slots():
        detector = slot.get() if slot.name == "audio.speech" else None
        if detector is not None:
            detect: Any = detector.detect
            return lambda part: [one for one in detect([part])[0].parts if isinstance(one, TextPart)]
    return None


def _blocks(kept: Held, start: int, end: int) -> Iterator[bytes]:
    while start < end:
        block = kept.read(start, min(end, start + _BLOCK))
        if not block:
            return
        yield block
        start += len(block)


def _json(document: Any) -> Response:
    return Response(orjson.dumps(document), media_type="application/json", headers={"cache-control": "no-store"})
