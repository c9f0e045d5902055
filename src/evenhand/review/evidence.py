"""What a reviewer looks at: the content itself, where it is kept, and what the decision about it rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evenhand.decode import decode
from evenhand.decode.sniff import is_svg, sniff
from evenhand.domain import Content, ContentKind, TextPart, is_under
from evenhand.errors import InputError, NotFoundError
from evenhand.matching.undisguise import Plain, undisguise
from evenhand.settings import Settings
from evenhand.store import Store
from evenhand.store.blobs import Blobs
from evenhand.store.reviewrecords import Person, ReviewItem

_HEAD = 65_536
_SHOWN = 200_000  # characters of a text that a page shows
NOT_KEPT = (
    "The content itself is not kept here. Set EVENHAND_KEEP_ORIGINALS_DAYS to keep content from now on; "
    "until then, what was found is all there is to see."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A kept content."""

    media: str  # what it is, by its bytes; never by what somebody said
    size: int  # bytes
    data: bytes | None = None  # one of the two is set
    path: Path | None = None  # a recording that came as a job
    declared: str = ""  # what came with it; only for the character set of a text

    @property
    def family(self) -> str:
        """Give "text", "image", "audio", "video" or "other"."""
        family = self.media.partition("/")[0]
        return family if family in {"text", "image", "audio", "video"} else "other"

    def content(self) -> Content:
        """Give it as something to be decoded."""
        if self.path is not None:
            return Content(path=self.path)
        return Content(data=self.data, media_type=self.declared or None)

    def read(self, start: int, end: int) -> bytes:
        """Give bytes [start, end).

        Raises:
            NotFoundError: the file is gone.
        """
        if self.data is not None:
            return self.data[start:end]
        try:
            with open(self.path or "", "rb") as stream:
                stream.seek(start)
                return stream.read(end - start)
        except OSError as error:
            raise NotFoundError("the content is no longer kept") from error


def held(store: Store, settings: Settings, content_hash: str) -> Held | None:
    """Give a kept content; None: it is not kept.

    Raises:
        StoreError: the database cannot be asked.
    """
    try:
        original = store.original(content_hash)
    except NotFoundError:
        if settings.keep_originals_days <= 0:
            return None
        try:
            path = Blobs(settings).path(content_hash.removeprefix("sha256:"))
            with path.open("rb") as stream:
                head = stream.read(_HEAD)
            return Held(media=_media(head, ""), size=path.stat().st_size, path=path)
        except (NotFoundError, OSError):
            return None
    declared = original.media_type
    return Held(media=_media(original.body, declared), size=len(original.body), data=original.body, declared=declared)


def may_see(item: ReviewItem, person: Person) -> bool:
    """Say whether somebody may see an item's content: who holds it, and whoever it could be given to. What was
    escalated is for seniors; some people work in some queues or on some labels alone.
    """
    if item.holder == person.id:
        return True
    if item.level > 0 and not person.senior:
        return False
    if person.queues and item.queue not in person.queues:
        return False
    return not person.labels or any(is_under(item.label, root) for root in person.labels)


def text_of(kept: Held, settings: Settings) -> str | None:
    """Give a kept text as the detectors read it, so that spans fit; None: it is no text.

    Raises:
        InputError: it cannot be read any more.
    """
    if kept.family != "text":
        return None
    if kept.declared == "text/plain" and kept.data is not None:  # a text that came as such, not as a file
        content = Content(text=kept.data.decode(errors="surrogatepass"))
    else:
        content = kept.content()
    decoded = decode(content, settings)
    texts = [part.text for part in decoded.parts if isinstance(part, TextPart)]
    return texts[0] if decoded.kind is ContentKind.TEXT and texts else None


def content_document(
    store: Store, settings: Settings, item: ReviewItem, decision: Mapping[str, Any], context: Mapping[str, Any]
) -> dict[str, Any]:
    """Give what there is to look at, as JSON; pictures and recordings themselves have addresses of their own.

    Args:
        store: where the content is kept.
        settings: limits of decoding.
        item: that is looked at.
        decision: the result document of its decision.
        context: kept with the decision.

    Raises:
        StoreError: the database cannot be asked.
    """
    kept = held(store, settings, item.content_hash)
    shown: dict[str, Any] = {
        "kept": kept is not None,
        "why_not": None if kept is not None else NOT_KEPT,
        "media": None if kept is None else kept.media,
        "family": None if kept is None else kept.family,
        "size": None if kept is None else kept.size,
        "text": None,
        "incidents": decision.get("incidents") or [],
        "recording": decision.get("media"),
        "context": dict(context),
    }
    if kept is not None and kept.family == "text":
        try:
            text = text_of(kept, settings)
        except InputError as error:
            return {**shown, "why_not": error.message}
        if text is not None:
            shown["text"] = text_document(text, decision.get("findings") or [])
    return shown


def text_document(text: str, findings: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Give a text in pieces, those with evidence marked, and its normalised form beside it.

    Args:
        text: as the detectors read it.
        findings: of the decision, as the result document has them.
    """
    spans = [
        (int(where["span"][0]), int(where["span"][1]), str(one["label"]))
        for one in findings
        if (where := one["location"]).get("source") == "text" and where.get("span")
    ]
    short = text[:_SHOWN]
    plain = undisguise(short)
    back = [(*_forth(plain, start, end), label) for start, end, label in spans]
    return {
        "pieces": pieces(short, spans),
        "normalised": None if plain.text == short else pieces(plain.text, back),
        "changes": _changes(plain, short),
        "left_out": max(0, len(text) - _SHOWN),
    }


def pieces(text: str, spans: Sequence[tuple[int, int, str]]) -> list[dict[str, Any]]:
    """Cut a text where marked spans begin and end: pieces with the labels that each has.

    Args:
        text: at most a few hundred thousand characters.
        spans: start, end and label, in any order; they may overlap.
    """
    edges: dict[int, list[tuple[int, str]]] = {}
    for start, end, label in spans:
        begin, stop = max(0, min(start, len(text))), max(0, min(end, len(text)))
        if begin < stop:
            edges.setdefault(begin, []).append((1, label))
            edges.setdefault(stop, []).append((-1, label))
    out: list[dict[str, Any]] = []
    open_: dict[str, int] = {}
    at = 0
    for place in sorted(edges):
        if place > at:
            out.append({"text": _clean(text[at:place]), "labels": sorted(name for name, n in open_.items() if n)})
        for step, label in edges[place]:
            open_[label] = open_.get(label, 0) + step
        at = place
    if at < len(text) or not out:
        out.append({"text": _clean(text[at:]), "labels": []})
    return out


def _changes(plain: Plain, text: str) -> int:
    return 0 if plain.places is None else sum(1 for a, b in zip(plain.text, text, strict=False) if a != b) or 1


def _forth(plain: Plain, start: int, end: int) -> tuple[int, int]:
    """Give the span of the normalised text for one of the original."""
    if plain.places is None or plain.ends is None:
        return start, end
    inside = [i for i, (a, b) in enumerate(zip(plain.places, plain.ends, strict=True)) if a < end and b > start]
    return (inside[0], inside[-1] + 1) if inside else (0, 0)


def _media(data: bytes, declared: str) -> str:
    media = sniff(data[:_HEAD]) or "application/octet-stream"
    if media == "text/plain" and declared != "text/plain" and is_svg(data[:_HEAD]):
        return "image/svg+xml"
    return media


def _clean(text: str) -> str:
    # Half surrogates cannot be written to a page or as JSON.
    return text.encode("utf-8", "replace").decode()
