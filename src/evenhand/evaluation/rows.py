"""Rows: a labelled JSON object becomes a content and what is true of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from evenhand.contents import item_error, read_file
from evenhand.domain import Action, Content, ItemError, content_from_row, is_language, row_id
from evenhand.errors import InputError
from evenhand.evaluation.labels import LabelMap
from evenhand.evaluation.lines import Lines
from evenhand.evaluation.truths import Truth, TruthReader

_CONTENT = ("id", "kind", "media_type", "context", "url", "path")  # what `evenhand check` also reads of a row
_AROUND: Mapping[str, type] = {"conversation": list, "author": dict}
_ACTIONS = {"allow": Action.PASS, **{action.value: action for action in Action}}
_LONGEST = 100  # characters of a group's name


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """Where in an object things stand."""

    text: str | None = None  # None: "text", else "content"; objects without either may have "path" or "url"
    labels: str = "labels"
    columns: Mapping[str, tuple[str, ...]] | None = None  # field that holds 0 or 1 -> our labels
    language: str = "lang"
    group: str = "group"
    expect: str = "expect"
    at_least: float | None = None  # a label's number from here on means true; None: only 0 and 1 are taken
    hint: bool = True  # hand the row's language on to the moderator, as callers do who know it


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One labelled content."""

    line: int
    content: Content | ItemError  # an ItemError where the file that it names cannot be read
    truth: Truth
    language: str | None
    group: str | None
    expect: Action | None  # what the policy ought to do


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A line that is no labelled row."""

    line: int
    message: str


class Rows:
    """Reads rows, one at a time.

    Args:
        lines: where from.
        fields: where in an object things stand.
        labels: what their label names mean.
        max_bytes: largest file that a row may name.
        limit: rows to read; None: all.
        skip_bad: pass lines over that cannot be used, and keep count of them in `skipped`.
    """

    def __init__(
        self,
        lines: Lines,
        *,
        fields: Fields | None = None,
        labels: LabelMap | None = None,
        max_bytes: int,
        limit: int | None = None,
        skip_bad: bool = False,
    ) -> None:
        self.lines, self._fields = lines, fields or Fields()
        self._truths = TruthReader(
            labels or LabelMap(),
            field=self._fields.labels,
            columns=self._fields.columns or {},
            at_least=self._fields.at_least,
        )
        self._max_bytes, self._limit, self._skip_bad = max_bytes, limit, skip_bad
        self.skipped: list[Skipped] = []

    def __iter__(self) -> Iterator[Row]:
        """Give the rows.

        Raises:
            InputError: the source cannot be read, or a line cannot be used and `skip_bad` is off.
        """
        given = 0
        for number, line in self.lines:
            if self._limit is not None and given >= self._limit:
                if self.lines.source == "-":
                    return
                continue  # to the end all the same: the report names the whole file by its hash
            try:
                row = self._row(number, line)
            except InputError as error:
                bad = Skipped(line=number, message=error.message)
                if not self._skip_bad:
                    raise InputError(
                        f"{self.lines.source}, line {number}: {error.message} "
                        "Mend the line, or pass such lines over with --skip-bad."
                    ) from error
                self.skipped.append(bad)
                continue
            given += 1
            yield row

    def _row(self, number: int, line: bytes) -> Row:
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise InputError(f"Not JSON ({error}); the file must hold one object a line.") from error
        if not isinstance(row, dict):
            raise InputError('Not an object; one line is one row, such as {"text": "...", "labels": ["spam"]}.')
        fields = self._fields
        expect = _expect(row.get(fields.expect))
        language = _name(row.get(fields.language), fields.language)
        return Row(
            line=number,
            content=self._content(row, language),
            truth=self._truths.read(row, needed=expect is None),
            language=language,
            group=_name(row.get(fields.group), fields.group),
            expect=expect,
        )

    def _content(self, row: dict[str, Any], language: str | None) -> Content | ItemError:
        kept = {name: row[name] for name in _CONTENT if row.get(name) is not None}
        # Data sets often have an "author" of their own, a name; ours is an object.
        kept |= {name: row[name] for name, kind in _AROUND.items() if isinstance(row.get(name), kind)}
        if not isinstance(kept.get("id", ""), str | int) or isinstance(kept.get("id"), bool):
            del kept["id"]  # data sets number their rows as they like, and the line says which it is
        names = [self._fields.text] if self._fields.text is not None else ["text", "content"]
        text = next((row[name] for name in names if row.get(name) is not None), None)
        if text is not None:
            # A picture's caption often stands in `text`; which of the two is meant must be said.
            kept = {**kept, "text": text}
        elif self._fields.text is not None:
            raise InputError(f"It has no field {self._fields.text!r} (--text-field).")
        failed: list[ItemError] = []

        def read(path: str) -> bytes:
            try:
                return read_file(Path(path), self._max_bytes)
            except InputError as error:
                failed.append(item_error(error, id=row_id(row)))
                return b""

        hint = language if self._fields.hint and language is not None and is_language(language) else None
        content = content_from_row(kept, read_path=read, language=hint)
        return failed[0] if failed else content


def _expect(value: object) -> Action | None:
    if value is None:
        return None
    action = _ACTIONS.get(value.lower()) if isinstance(value, str) else None
    if action is None:
        raise InputError(f"expect must be one of {', '.join(_ACTIONS)}.")
    return action


def _name(value: object, field: str) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise InputError(f"{field} must be a string.")
    return str(value)[:_LONGEST] or None
