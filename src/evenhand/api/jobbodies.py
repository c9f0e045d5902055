"""Reads what is submitted as a job: JSON, a form with a file, or the file itself as the body. Files go to disk, not to
memory.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.datastructures import UploadFile
from starlette.requests import Request

from evenhand.domain import JsonValue
from evenhand.errors import InputError, StoreError
from evenhand.jobs.desk import kind_of
from evenhand.settings import Settings
from evenhand.store.blobs import Blobs, Part

_FIELDS = ("kind", "line", "all_scores", "priority", "id", "fresh", "lang")
_FLAGS = ("all_scores", "fresh")
_BUFFER = 1 << 20  # bytes gathered before they are handed to the thread that writes


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A job as a caller asked for it."""

    kind: str
    source: Mapping[str, JsonValue]
    options: Mapping[str, JsonValue]
    priority: str
    caller_id: str | None
    fresh: bool


def is_json(request: Request) -> bool:
    """Say whether the body is JSON, small, and not a file."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind in {"", "application/json"}


async def read_job(request: Request, settings: Settings, blobs: Blobs) -> Asked:
    """Read `POST /v1/jobs`.

    Raises:
        InputError: the body or a field cannot be used; the message names it.
        TooLargeError: a file is over `max_job_bytes`.
        StoreError: the file cannot be kept.
    """
    if is_json(request):
        return await _from_json(request, blobs)
    given: dict[str, Any] = dict(request.query_params)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() == "multipart/form-data":
        try:
            async with request.form(max_files=1, max_fields=32) as form:
                upload = next((value for value in form.values() if isinstance(value, UploadFile)), None)
                given |= {name: value for name, value in form.items() if not isinstance(value, UploadFile)}
                if upload is None:
                    raise InputError("There is no file in the form; send it in the field 'file', with a file name.")
                blob, size = await asyncio.to_thread(blobs.put, upload.file)
                media = upload.content_type
        except OSError as error:
            raise StoreError(f"The upload could not be kept ({error.strerror or error}): free disk space.") from error
    else:
        blob, size = await _stream(request, blobs)
        media = request.headers.get("content-type")
    if not size:
        raise InputError("The file is empty.")
    if not given.get("kind"):
        given["kind"] = await asyncio.to_thread(lambda: kind_of(blobs.path(blob)))
    return _asked(given, {"blob": blob, "size": size, "media_type": media})


async def _from_json(request: Request, blobs: Blobs) -> Asked:
    try:
        body = orjson.loads(await request.body())
    except orjson.JSONDecodeError as error:
        raise InputError(f"The body is not JSON ({error}).") from error
    if not isinstance(body, dict):
        raise InputError('The body must be a JSON object such as {"kind": "bulk", "items": [{"text": "..."}]}.')
    items = body.pop("items", None)
    if items is None:
        if not isinstance(body.get("url"), str):
            raise InputError("Give items, or a url, or send a file.")
        url = body.pop("url")
        return _asked({"kind": "media", **body}, {"url": url})
    if "url" in body or not isinstance(items, list) or not items:
        raise InputError("items is a list of one or more objects, as for /v1/check:batch, without a url beside it.")
    lines = b"\n".join(_dumped(item) for item in items)

    def keep() -> tuple[str, int]:
        with blobs.writing() as part:
            part.write(lines)
            return part.keep()

    blob, size = await asyncio.to_thread(keep)
    return _asked(body, {"blob": blob, "size": size, "media_type": "application/x-ndjson"})


def _dumped(item: object) -> bytes:
    try:
        return orjson.dumps(item)
    except TypeError:  # half a surrogate pair, or a number that orjson read but will not write
        return json.dumps(item).encode()


async def _stream(request: Request, blobs: Blobs) -> tuple[str, int]:
    """Write the body to disk as it comes."""
    context = blobs.writing()
    part: Part = await asyncio.to_thread(context.__enter__)
    try:
        pending, size = list[bytes](), 0
        async for chunk in request.stream():
            pending.append(chunk)
            size += len(chunk)
            if size >= _BUFFER:
                await asyncio.to_thread(part.write, b"".join(pending))
                pending, size = [], 0
        await asyncio.to_thread(part.write, b"".join(pending))
        return await asyncio.to_thread(part.keep)
    finally:
        await asyncio.to_thread(context.__exit__, None, None, None)


def _asked(given: Mapping[str, Any], source: Mapping[str, JsonValue]) -> Asked:
    if unknown := sorted(set(given) - set(_FIELDS)):
        raise InputError(f"Unknown field {', '.join(unknown)[:200]}; known: items, file, {', '.join(_FIELDS)}.")
    fields: dict[str, Any] = {name: _flag(name, value) if name in _FLAGS else value for name, value in given.items()}
    for name in ("kind", "line", "priority", "id", "lang"):
        if fields.get(name) is not None and not isinstance(fields[name], str):
            raise InputError(f"{name} must be a string.")
    options: dict[str, JsonValue] = {
        "line": fields.get("line") or "default",
        "all_scores": fields.get("all_scores", False),
    }
    if fields.get("lang"):
        options["lang"] = fields["lang"]
    return Asked(
        kind=fields.get("kind") or "bulk",
        source=source,
        options=options,
        priority=fields.get("priority") or "interactive",
        caller_id=fields.get("id"),
        fresh=fields.get("fresh", False),
    )


def _flag(name: str, value: object) -> bool:
    if isinstance(value, str) and value in {"true", "false"}:
        return value == "true"
    if not isinstance(value, bool):
        raise InputError(f"{name} must be true or false.")
    return value
