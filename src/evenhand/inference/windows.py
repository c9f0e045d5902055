"""Long texts as windows: whole sentences together, each window of bounded size, its place in the text kept."""

from __future__ import annotations

import re

from evenhand.domain.location import Span

WINDOW = 100  # UTF-8 bytes of sentences read together: about 25 tokens; in more, one harmful sentence drowns
LONGEST = 200  # UTF-8 bytes of one sentence; a longer one is cut
MOST = 1024  # windows looked at in one text, some 100 kB of English; of more, so many are taken evenly

# Where one sentence ends and the next begins. Every alternative starts at a character that no other match can
# consume again, so the scan is linear in the text.
_BREAK = re.compile(r"(?<=[.!?…。！？])\s+|(?<=[。！？])(?=[^\s。！？])|\n\s*")


def sentences(text: str, start: int, end: int) -> list[Span]:
    """Split text[start:end] into sentences, as spans of `text` without the white space around them; linear time."""
    out: list[Span] = []
    at = start
    for found in _BREAK.finditer(text, start, end):
        if found.start() > at:
            out.append((at, found.start()))
        at = found.end()
    if end > at:
        out.append((at, end))
    return out


def windows(text: str, *, size: int = WINDOW, longest: int = LONGEST) -> list[Span]:
    """Cover a text with windows of whole sentences.

    Neighbouring windows share a sentence where it is short, so that harm across their border is seen.

    Args:
        text: any text.
        size: most UTF-8 bytes of sentences put together.
        longest: most UTF-8 bytes of a single sentence; a longer one is cut.

    Returns:
        Spans in code points, in order; none for a text without visible characters.
    """
    if not text.strip():
        return []
    if len(text) * 4 <= size or len(text.encode("utf-8", "replace")) <= size:
        return [(0, len(text))]
    pieces = [piece for sentence in sentences(text, 0, len(text)) for piece in _cut(text, sentence, longest)]
    out: list[Span] = []
    ends = [start for start, _ in pieces[1:]] + [len(text)]
    sizes = [len(text[a:b].encode("utf-8", "replace")) for a, b in pieces]
    # with the white space that follows
    steps = [len(text[a:b].encode("utf-8", "replace")) for (a, _), b in zip(pieces, ends, strict=True)]
    first, total = 0, 0
    for i, own in enumerate(sizes):
        if i > first and total + own > size:
            out.append((pieces[first][0], pieces[i - 1][1]))
            shared = i - 1 > first and steps[i - 1] <= size // 3
            first = i - 1 if shared else i
            total = steps[i - 1] if shared else 0
        total += steps[i]
    if pieces:
        out.append((pieces[first][0], pieces[-1][1]))
    return out


def sample(spans: list[Span], most: int = MOST) -> list[Span]:
    """Give at most `most` (at least 2) of the spans, evenly spread, first and last included."""
    if len(spans) <= most:
        return spans
    return [spans[round(i * (len(spans) - 1) / (most - 1))] for i in range(most)]


def _cut(text: str, span: Span, longest: int) -> list[Span]:
    """Cut a sentence that is too long for a window, at white space where there is some near the cut."""
    start, end = span
    out: list[Span] = []
    while end - start > longest or len(text[start:end].encode("utf-8", "replace")) > longest:
        step = longest if text[start : start + longest].isascii() else longest // 4
        space = text.rfind(" ", start + step // 2, start + step)
        stop = space if space > start else start + step
        out.append((start, min(stop, end)))
        start = min(stop, end)
    if end > start:
        out.append((start, end))
    return out
