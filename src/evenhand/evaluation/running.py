"""Rows through the moderator, in this process or in several, into the scorebook."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from evenhand.domain import Content, ItemError, Options, Result
from evenhand.errors import InputError
from evenhand.evaluation.rows import Row
from evenhand.evaluation.scorebook import Scorebook, Verdict
from evenhand.facade import Moderator

MOST_NAMED = 1_000  # rows named one by one in the report; the others are counted
_CHUNK_BYTES = 32 * 2**20  # contents read ahead together; a single larger one goes alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Answers for some contents, in order, small enough to send between processes."""

    verdicts: tuple[Verdict, ...]
    models: tuple[tuple[str, str], ...]  # (detector, version) that ran


Judge = Callable[[Sequence[Content | ItemError]], Judged]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A row that is in no metric."""

    line: int
    id: str | None
    code: str  # the error's code, or "incomplete"
    message: str


@dataclass(slots=True, kw_only=True)
class Run:
    """What one run over the rows gave."""

    book: Scorebook = field(default_factory=Scorebook)
    failed: int = 0  # rows that could not be judged at all
    incomplete: int = 0  # rows for which a detector gave no answer
    trouble: list[Trouble] = field(default_factory=list)  # the first MOST_NAMED of both
    models: set[tuple[str, str]] = field(default_factory=set)
    seconds: float = 0.0  # wall time of all
    steady_rows: int = 0  # rows after the first batch, in which models load
    steady_seconds: float = 0.0


def evaluate(
    rows: Iterable[Row],
    judges: Sequence[Judge],
    *,
    batch: int = 256,
    clock: Callable[[], float] = time.perf_counter,
    progress: Callable[[int], None] = lambda rows: None,
) -> Run:
    """Judge all rows and keep their scores.

    Args:
        rows: read as they are needed.
        judges: each works on one batch at a time; several work side by side.
        batch: most rows judged together.
        clock: seconds, for the throughput.
        progress: told how many rows were judged, after each batch.

    Raises:
        InputError: there are no rows, or one cannot be used.
    """
    run, started = Run(), clock()
    first: float | None = None
    for chunk, judged in _answers(_chunks(rows, batch), judges):
        _keep(run, chunk, judged)
        progress(len(chunk))
        if first is None:
            first = clock()
        else:
            run.steady_rows += len(chunk)
    ended = clock()
    if first is None:
        raise InputError("There are no rows to evaluate.")
    run.seconds, run.steady_seconds = ended - started, ended - first
    return run


def moderator_judge(moderator: Moderator, line: str) -> Judge:
    """Make a judge of a moderator: all scores asked for, nothing recorded.

    Args:
        moderator: stays open while the judge works.
        line: business line whose rules decide.
    """
    options = Options(line=line, all_scores=True, record=False)

    def judge(contents: Sequence[Content | ItemError]) -> Judged:
        answers = list(moderator.check_many(contents, options=options))
        models = {pair for answer in answers if isinstance(answer, Result) for pair in answer.models.items()}
        return Judged(verdicts=tuple(_verdict(answer) for answer in answers), models=tuple(sorted(models)))

    return judge


def _verdict(answer: Result | ItemError) -> Verdict:
    if isinstance(answer, ItemError):
        return Verdict(error=(answer.code, answer.message))
    return Verdict(
        action=answer.action,
        scores=dict(answer.labels),
        found=tuple(sorted({finding.label for finding in answer.findings})),
        incomplete=dict(answer.incomplete),
    )


def _chunks(rows: Iterable[Row], batch: int) -> Iterator[list[Row]]:
    chunk, size = list[Row](), 0
    for row in rows:
        content = row.content
        own = len(content.data or content.text or "") if isinstance(content, Content) else 0
        if chunk and (len(chunk) >= batch or size + own > _CHUNK_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(row)
        size += own
    if chunk:
        yield chunk


def _answers(chunks: Iterator[list[Row]], judges: Sequence[Judge]) -> Iterator[tuple[list[Row], Judged]]:
    """Give each chunk with its answers, in order; as many are under way as there are judges."""
    free = deque(judges)
    waiting = deque[tuple[list[Row], Judge, Future[Judged]]]()
    with ThreadPoolExecutor(max_workers=len(judges)) as threads:
        for chunk in chunks:
            if not free:
                yield _next(waiting, free)
            judge = free.popleft()
            waiting.append((chunk, judge, threads.submit(judge, [row.content for row in chunk])))
        while waiting:
            yield _next(waiting, free)


def _next(waiting: deque[tuple[list[Row], Judge, Future[Judged]]], free: deque[Judge]) -> tuple[list[Row], Judged]:
    chunk, judge, future = waiting.popleft()
    judged = future.result()
    free.append(judge)
    return chunk, judged


def _keep(run: Run, chunk: Sequence[Row], judged: Judged) -> None:
    run.book.add(
        judged.verdicts,
        truths=[row.truth.labels for row in chunk],
        closed=[row.truth.closed for row in chunk],
        expected=[row.expect for row in chunk],
        languages=[row.language for row in chunk],
        groups=[row.group for row in chunk],
    )
    run.models.update(judged.models)
    for row, verdict in zip(chunk, judged.verdicts, strict=True):
        if verdict.error is not None:
            run.failed += 1
            _name(run, row, *verdict.error)
        elif verdict.incomplete:
            run.incomplete += 1
            _name(run, row, "incomplete", "; ".join(f"{name}: {why}" for name, why in verdict.incomplete.items()))


def _name(run: Run, row: Row, code: str, message: str) -> None:
    if len(run.trouble) < MOST_NAMED:
        run.trouble.append(Trouble(line=row.line, id=row.content.id, code=code, message=message[:500]))
