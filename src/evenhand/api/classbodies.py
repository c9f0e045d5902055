"""Reads what a custom class is taught with: JSON, or a form with files."""

from __future__ import annotations

from typing import Any

import orjson
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request

from evenhand.api.classschemas import ClassIn
from evenhand.detectors.classes_lesson import MOST, Sample
from evenhand.detectors.classes_texts import read_texts
from evenhand.domain import Medium
from evenhand.errors import InputError, UnsupportedError

_TEXTS = (".txt", ".csv", ".jsonl", ".ndjson")
_FIELDS = ("name", "medium", "label", "threshold", "deploy", "history")


async def read_class(request: Request) -> tuple[ClassIn, list[Sample], list[Sample]]:
    """Give what was asked for, and the examples of both sides that came with it.

    Raises:
        InputError: the body cannot be used; names the field.
        UnsupportedError: it is neither JSON nor a form.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        async with request.form(max_files=2 * MOST, max_fields=32, max_part_size=8 * 2**20) as form:
            return await _form(form)
    if kind not in {"application/json", ""} and not kind.endswith("+json"):
        raise UnsupportedError(f"Content type {kind} is not taken here; send application/json or a form.")
    try:
        body = orjson.loads(await request.body())
    except orjson.JSONDecodeError as error:
        raise InputError(f"The body is not JSON ({error}).") from error
    asked = _asked(body)
    return asked, _samples(asked.examples), _samples(asked.against)


async def _form(form: FormData) -> tuple[ClassIn, list[Sample], list[Sample]]:
    fields: dict[str, Any] = {}
    sides: dict[str, list[Sample]] = {"examples": [], "against": []}
    media: set[Medium] = set()
    for name, value in form.multi_items():
        if name in sides and isinstance(value, UploadFile):
            file = value.filename or name
            if not file and not value.size:
                continue  # a file field that was left empty
            data = await value.read()
            if not data and not value.size:
                continue
            text = file.lower().endswith(_TEXTS)
            media.add(Medium.TEXT if text else Medium.IMAGE)
            sides[name] += read_texts(data, file) if text else [Sample(content=data, name=file)]
        elif name in sides and isinstance(value, str):
            lines = [
                Sample(content=line, name=f"line {i}") for i, line in enumerate(value.splitlines(), 1) if line.strip()
            ]
            media |= {Medium.TEXT} if lines else set()
            sides[name] += lines
        elif name in _FIELDS and isinstance(value, str):
            if value != "":
                fields[name] = _converted(name, value)
        else:
            raise InputError(f"Unknown field {name[:40]!r}; known: {', '.join((*_FIELDS, *sides))}.")
    if len(media) > 1:
        raise InputError("Give files of texts (.txt, .csv, .jsonl) or pictures, not both.")
    if media:
        fields.setdefault("medium", next(iter(media)).value)
    asked = _asked(fields)
    if media and asked.medium != next(iter(media)):
        raise InputError(f"medium is {asked.medium}, but the files are of the other kind.")
    return asked, sides["examples"], sides["against"]


def _converted(name: str, value: str) -> Any:
    if name == "deploy":
        return value in {"true", "on"}
    if name == "history":
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError as error:
            raise InputError(f"The form field history is not JSON ({error}).") from error
    if name == "threshold":
        try:
            return float(value)
        except ValueError as error:
            raise InputError("threshold is a number from 0.05 to 0.99.") from error
    return value


def _asked(body: Any) -> ClassIn:
    try:
        return ClassIn.model_validate(body)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "body"
        raise InputError(f"{place}: {first['msg']}.") from error


def _samples(texts: list[str]) -> list[Sample]:
    return [Sample(content=text, name=f"text {number}") for number, text in enumerate(texts, 1)]
