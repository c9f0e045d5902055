"""Kind `bulk`: JSON lines checked in chunks of some hundred. A chunk's decisions commit with its checkpoint."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import orjson

from evenhand.domain import Content, ItemError, Result, content_from_row, row_id
from evenhand.errors import InputError, TooLargeError
from evenhand.jobs.kinds import Ending, Outcome, Plan, Work
from evenhand.jobs.retries import Retries
from evenhand.settings import Settings
from evenhand.store.jobrecords import NewSegment

_LONGEST = 64 * 2**20  # bytes of one line
_CHUNK_BYTES = 8 * 2**20  # a chunk ends here, however few its items: it is held in memory
_TOGETHER = 64  # items handed to the moderator at a time; between two such batches a cancelled job ends


class Bulk:
    """Checks the items of a file. Options: those of a check. Source: `blob`."""

    name = "bulk"
    unit = "items"
    spares = False

    def retries(self, settings: Settings) -> Retries:
        """Say how often a chunk is tried."""
        return Retries(attempts=settings.jobs_attempts, first_s=settings.jobs_backoff_s)

    def plan(self, work: Work) -> Plan:
        """Cut the file into chunks, by the places of their first and last byte."""
        chunk = _Chunk(0, 1)
        segments: list[NewSegment] = []
        most = work.settings.jobs_chunk_items
        for size, blank in _lines(work):
            long = size > _LONGEST
            if long or chunk.items >= most or (chunk.items and chunk.size + size > _CHUNK_BYTES):
                segments += chunk.segments()
                chunk = _Chunk(chunk.end, chunk.next_line)
            if long:
                segments.append(NewSegment(spec={"too_long": chunk.line}, amount=1.0))
                chunk = _Chunk(chunk.end + size, chunk.line + 1)
            else:
                chunk.add(size, blank)
        return Plan(segments=[*segments, *chunk.segments()])

    def segment(self, work: Work) -> Outcome:
        """Check one chunk."""
        items = list(_items(work))
        answers: list[Result | ItemError] = []
        for start in range(0, len(items), _TOGETHER):
            answers += work.check(items[start : start + _TOGETHER])
        pairs = list(zip(items, answers, strict=True))
        made = [(item, answer) for item, answer in pairs if isinstance(item, Content) and isinstance(answer, Result)]
        records = work.records([item for item, _ in made], [answer for _, answer in made])
        counts = Counter(answer.action.value if isinstance(answer, Result) else "error" for answer in answers)
        incomplete = sum(1 for answer in answers if isinstance(answer, Result) and answer.incomplete)
        result = {"items": [_line(answer) for answer in answers], "counts": dict(counts), "incomplete": incomplete}
        return Outcome(result=result, records=records)

    def final(self, work: Work) -> Ending:
        """Count."""
        counts, items, incomplete = Counter[str](), 0, 0
        for result in work.store.jobs.results(work.task.job.id):
            counts.update(result["counts"])
            items += len(result["items"])
            incomplete += result["incomplete"]
        errors = counts.pop("error", 0)
        return Ending(result={"items": items, "actions": dict(counts), "errors": errors, "incomplete": incomplete})


class _Chunk:
    """Lines that will be one segment."""

    def __init__(self, offset: int, line: int) -> None:
        self.offset, self.line, self.size, self.items, self.lines = offset, line, 0, 0, 0

    @property
    def end(self) -> int:
        return self.offset + self.size

    @property
    def next_line(self) -> int:
        return self.line + self.lines

    def add(self, size: int, blank: bool) -> None:
        self.size += size
        self.lines += 1
        self.items += not blank

    def segments(self) -> list[NewSegment]:
        spec = {"offset": self.offset, "size": self.size, "line": self.line}
        return [NewSegment(spec=spec, amount=float(self.items))] if self.items else []


def _lines(work: Work) -> Iterator[tuple[int, bool]]:
    """Give the size of each line in bytes, and whether it is blank; a line that is too long is never held whole."""
    with work.blob().open("rb") as stream:
        while first := stream.readline(_LONGEST + 1):
            size, blank = len(first), not first.strip()
            ended = first.endswith(b"\n")
            while not ended and (more := stream.readline(_LONGEST)):
                size += len(more)
                ended = more.endswith(b"\n")
            yield size, blank


def _items(work: Work) -> Iterator[Content | ItemError]:
    spec: Any = work.task.spec
    if "too_long" in spec:
        yield _bad(spec["too_long"], None, TooLargeError(f"Longer than {_LONGEST} bytes."))
        return
    with work.blob().open("rb") as stream:
        stream.seek(spec["offset"])
        data = stream.read(spec["size"])
    for number, raw in enumerate(data.split(b"\n"), spec["line"]):
        if raw.strip():
            yield _item(number, raw)


def _item(number: int, raw: bytes) -> Content | ItemError:
    row: object = None
    try:
        row = orjson.loads(raw)
        return content_from_row(row)
    except orjson.JSONDecodeError as error:
        return _bad(number, None, InputError(f"Not JSON ({error})."))
    except InputError as error:
        return _bad(number, row_id(row), error)


def _bad(number: int, name: str | None, error: InputError) -> ItemError:
    return ItemError(id=name, code=error.code, message=f"Line {number}: {error.message}", status=error.status)


def _line(answer: Result | ItemError) -> dict[str, Any]:
    """Give what the checkpoint keeps of an answer: the decision itself is in the store's log."""
    if isinstance(answer, ItemError):
        return answer.as_dict()
    return {"id": answer.id, "decision_id": answer.decision_id}
