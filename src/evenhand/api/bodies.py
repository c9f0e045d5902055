"""Reads request bodies into contents: JSON, or multipart for files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from evenhand.domain import Content, ItemError, Options, content_from_row, row_id
from evenhand.errors import InputError, TooLargeError, UnsupportedError
from evenhand.settings import Settings

_OPTIONS = ("line", "all_scores")
_WORDS = frozenset({"style"})  # fields of a form that are no JSON
_MAX_FIELDS = 32


@dataclass(frozen=True, slots=True)
class Submission:
    """What a request asks for."""

    contents: list[Content | ItemError]
    options: Options


async def read_one(request: Request, settings: Settings) -> tuple[Content, Options]:
    """Read `POST /v1/check`.

    Raises:
        InputError: the body is not a content; the message names the field.
        UnsupportedError: the content type is neither JSON nor multipart.
    """
    content, options, _ = await read_one_with(request, settings, ())
    return content, options


async def read_one_with(
    request: Request, settings: Settings, more: tuple[str, ...]
) -> tuple[Content, Options, dict[str, Any]]:
    """Read one content with further fields of the route's own, given as they came (of a form: parsed as JSON).

    Raises:
        InputError, UnsupportedError: as `read_one` does.
    """
    if _media_type(request) == "multipart/form-data":
        # Starlette's parser spools large files to disk, and is bounded by the body limit before it.
        async with request.form(max_files=1, max_fields=_MAX_FIELDS) as form:
            return await _from_form(form, settings, more)
    row = await _json(request)
    if not isinstance(row, dict):
        raise InputError('The body must be a JSON object such as {"text": "..."}.')
    options = _options({name: row.pop(name) for name in _OPTIONS if name in row})
    given = {name: row.pop(name) for name in more if name in row}
    return content_from_row(row), options, {name: value for name, value in given.items() if value is not None}


async def read_many(request: Request, settings: Settings) -> Submission:
    """Read `POST /v1/check:batch`: {"items": [...], "line"?, "all_scores"?}. A bad item does not spoil the others.

    Raises:
        InputError: the body as a whole cannot be used.
        TooLargeError: more items than a batch may have.
    """
    body = await _json(request)
    if not isinstance(body, dict) or not isinstance(body.get("items"), list):
        raise InputError('The body must be {"items": [{"id": "1", "text": "..."}, ...]}.')
    rows: list[Any] = body.pop("items")
    if len(rows) > settings.max_batch_items:
        raise TooLargeError(
            f"{len(rows)} items are more than a batch may have ({settings.max_batch_items}, "
            "EVENHAND_MAX_BATCH_ITEMS); send several batches."
        )
    if unknown := sorted(set(body) - set(_OPTIONS)):
        raise InputError(f"Unknown field {', '.join(unknown)}; known: items, {', '.join(_OPTIONS)}.")
    contents: list[Content | ItemError] = []
    for row in rows:
        try:
            contents.append(content_from_row(row))
        except InputError as error:
            contents.append(ItemError(id=row_id(row), code=error.code, message=error.message, status=error.status))
    return Submission(contents, _options(body))


async def _json(request: Request) -> Any:
    media_type = _media_type(request)
    if media_type not in {"application/json", ""} and not media_type.endswith("+json"):
        raise UnsupportedError(f"Content type {media_type} is not taken here; send application/json.")
    try:
        return orjson.loads(await request.body())
    except orjson.JSONDecodeError as error:
        raise InputError(f"The body is not JSON ({error}).") from error


async def _from_form(
    form: FormData, settings: Settings, more: tuple[str, ...]
) -> tuple[Content, Options, dict[str, Any]]:
    row: dict[str, Any] = {}
    given: dict[str, Any] = {}
    upload: UploadFile | None = None
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            if name != "file":
                raise InputError(f"A file comes in the field 'file', not {name!r}.")
            upload = value
        elif name in more:
            given[name] = value if name in _WORDS else _form_json(name, value)
        elif name in ("context", "conversation", "author"):
            row[name] = _form_json(name, value)
        else:
            row[name] = value
    options = _options({name: _form_option(name, row.pop(name)) for name in _OPTIONS if name in row})
    if upload is None:
        if not {"text", "url", "data"} & set(row):
            raise InputError("There is no file in the form; send it in the field 'file', with a file name.")
        return content_from_row(row), options, given
    if {"text", "url", "data"} & set(row):
        raise InputError("Give a file or one of text, url and data, not both.")
    data = await upload.read(settings.max_file_bytes + 1)
    if len(data) > settings.max_file_bytes:
        raise TooLargeError(f"The file is over {settings.max_file_bytes} bytes (EVENHAND_MAX_FILE_BYTES).")
    # The row is read as that of an empty text, so that all other fields are checked in one place.
    other = content_from_row({"media_type": upload.content_type, **row, "text": ""})
    content = Content(
        data=data,
        id=other.id,
        kind=other.kind,
        media_type=other.media_type,
        language=other.language,
        context=other.context,
        conversation=other.conversation,
        author=other.author,
    )
    return content, options, given


def _options(given: dict[str, Any]) -> Options:
    line, all_scores = given.get("line", "default"), given.get("all_scores", False)
    if not isinstance(line, str):
        raise InputError("line must be a string.")
    if not isinstance(all_scores, bool):
        raise InputError("all_scores must be true or false.")
    return Options(line=line, all_scores=all_scores)


def _form_json(name: str, value: str) -> Any:
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError as error:
        raise InputError(f"The form field {name} is not JSON ({error}).") from error


def _form_option(name: str, value: str) -> Any:
    if name != "all_scores":
        return value
    if value not in {"true", "false"}:
        raise InputError("all_scores must be true or false.")
    return value == "true"


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
