"""The detector `text.contact`: fold, look for cues once, then let the channels look where cues stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

from evenhand.detectors.base import NOTHING, Cost, Detection, DetectorContext, DetectorInfo, Example
from evenhand.detectors.contact import flow, handles, links, mail, phones, promotion
from evenhand.detectors.contact.cues import Cue, CueIndex
from evenhand.detectors.contact.domains import DomainCheck
from evenhand.detectors.contact.view import Folder, Hit, Kind, View
from evenhand.domain import Finding, PartKind, Source, TextPart

MAX_HITS = 256  # of one channel in one text, before overlaps are resolved
CROSSING = 0.9  # how much surer a contact is that stands on one line than one that was joined from pieces
MAX_FINDINGS = 64  # for each label of one text; a text with more is flooded with contacts, and says so by these

_INFO = DetectorInfo(
    name="text.contact",
    version="2",
    reads=PartKind.TEXT,
    labels=("ads.contact", "ads.link", "ads.promotion"),
    cost=Cost.CHEAP,
    description="Finds phone numbers, e-mail addresses, messenger ids, links and promotion, plain and disguised.",
    examples=(
        Example(
            title="a phone number",
            part=lambda: TextPart(text="Call me on +44 20 7946 0018 tonight"),
            labels=frozenset({"ads.contact"}),
        ),
        Example(
            title="a messenger id in disguise",
            part=lambda: TextPart(text="想了解的加薇❤信：abc_12345"),
            labels=frozenset({"ads.contact"}),
        ),
        Example(
            title="promotion with a link",
            part=lambda: TextPart(text="50% off this week, order now at shop [dot] example [dot] com"),
            labels=frozenset({"ads.link", "ads.promotion"}),
        ),
        Example(
            title="dates, sums and versions", part=lambda: TextPart(text="On 2024-01-15 we paid 1,234.50 for v2.10.3")
        ),
    ),
)


class ContactDetector:
    """Finds contact details, links and promotion; spans are code points of the caller's text."""

    def __init__(self) -> None:
        self._domains = DomainCheck()
        self._tools: tuple[Folder, CueIndex] | None = None  # made on the first call

    @property
    def info(self) -> DetectorInfo:
        """The declaration."""
        return _INFO

    def detect(self, parts: Sequence[TextPart]) -> Sequence[Detection]:
        """Give one detection for each part, in order."""
        if self._tools is None:
            self._tools = Folder(), CueIndex()
        folder, index = self._tools
        views = folder.fold([part.text for part in parts])
        return [self._one(part, view, index) for part, view in zip(parts, views, strict=True)]

    def _one(self, part: TextPart, view: View, index: CueIndex) -> Detection:
        found, cues, cut = self._read(view.text, part, index)
        if part.origin.source is Source.OCR and (whole := flow.joined(view.text)) is not None:
            found += self._crossing(whole, part, index, found)
        if not found and not cues and not cut:
            return NOTHING
        return _answer(part, view, found, promotion.find(view.text, cues, [hit for _, hit in found]), cut=cut)

    def _read(
        self, text: str, part: TextPart, index: CueIndex
    ) -> tuple[list[tuple[str, Hit]], list[tuple[Cue, int, int]], bool]:
        """Give the contacts and links of a folded text, its cues, and whether numbers were left out."""
        matched = index.find(text)
        numbers = phones.may_hold(text)
        if not matched and not numbers:
            return [], [], False
        cues = [(cue, start, end) for which, start, end in matched for cue in index.cues[which]]
        hits, cut = phones.find(text, part.language, index.phone) if numbers else ([], False)
        return self._channels(text, cues, hits), cues, cut

    def _crossing(
        self, whole: flow.Flow, part: TextPart, index: CueIndex, known: list[tuple[str, Hit]]
    ) -> list[tuple[str, Hit]]:
        """Give what is there only when the pieces of a picture's words are joined."""
        crossing = []
        held = {name: _Taken([hit for own, hit in known if own == name]) for name in ("ads.contact", "ads.link")}
        for label, joint in self._read(whole.text, part, index)[0]:
            # A bare number that happens to be valid somewhere is too easily made of two columns of a table.
            if joint.kind is Kind.PHONE and joint.score <= phones.SCORE_BARE:
                continue
            there = whole.back(joint)
            if held[label].free(there):
                crossing.append((label, replace(there, score=there.score * CROSSING)))
        return crossing

    def _channels(self, text: str, cues: list[tuple[Cue, int, int]], numbers: list[Hit]) -> list[tuple[str, Hit]]:
        groups = {cue.group for cue, _, _ in cues}
        mails = list(islice(mail.find(text, self._domains), MAX_HITS)) if "mail" in groups else []
        found: list[tuple[str, Hit]] = [("ads.contact", hit) for hit in mails]
        held = _Taken(mails)
        urls: list[Hit] = []
        if groups & {"link", "telegram", "whatsapp", "discord"}:
            for hit, chat in islice(links.find(text, self._domains), MAX_HITS):
                if held.free(hit):
                    urls.append(hit)
                    found.append(("ads.link", hit))
                    if chat:
                        found.append(("ads.contact", hit))
        held = _Taken(mails + urls)
        others = list(islice(handles.find(text, cues), MAX_HITS))
        if "texting" in groups:
            others += islice(phones.short_codes(text), MAX_HITS)
        others += numbers[:MAX_HITS]
        found += [("ads.contact", hit) for hit in others if held.free(hit)]
        return found


class _Taken:
    """Stretches that already belong to a surer hit."""

    def __init__(self, hits: list[Hit]) -> None:
        self._places = {place // 64: True for hit in hits for place in range(hit.start, hit.end + 64, 64)}
        self._hits = hits

    def free(self, hit: Hit) -> bool:
        """Say whether a hit overlaps none of them."""
        if not any(place in self._places for place in range(hit.start // 64, hit.end // 64 + 1)):
            return True
        return not any(other.start < hit.end and hit.start < other.end for other in self._hits)


def _answer(
    part: TextPart, view: View, found: list[tuple[str, Hit]], promoted: tuple[int, int, float, str] | None, *, cut: bool
) -> Detection:
    findings: list[Finding] = []
    for label in ("ads.contact", "ads.link"):
        hits = _surest([hit for name, hit in found if name == label])
        findings += [
            _finding(part, view, label, hit.start, hit.end, hit.score, f"{hit.kind}: {hit.reason}") for hit in hits
        ]
    if promoted is not None:
        start, end, score, reason = promoted
        findings.append(_finding(part, view, "ads.promotion", start, end, score, reason))
    if not findings and not cut:
        return NOTHING
    scores: dict[str, float] = {}
    for finding in findings:
        scores[finding.label] = max(finding.score, scores.get(finding.label, 0.0))
    partial = f"only the first {phones.MAX_PARSES} numbers were looked up" if cut else None
    return Detection(findings=tuple(findings), scores=scores, partial=partial)


def _surest(hits: list[Hit]) -> list[Hit]:
    """Keep the surest of hits that overlap (an id and a bare number at the same place), in order of place."""
    kept: list[Hit] = []
    for hit in sorted(hits, key=lambda h: (h.start, -h.end, -h.score)):
        if kept and hit.start < kept[-1].end:
            if hit.score > kept[-1].score + 0.2:  # the longer one says more, unless it is much less sure
                kept[-1] = hit
        elif len(kept) < MAX_FINDINGS:
            kept.append(hit)
    return kept


def _finding(part: TextPart, view: View, label: str, start: int, end: int, score: float, reason: str) -> Finding:
    return Finding(
        label=label,
        score=score,
        location=part.locate(*view.span(start, end)),
        detector=_INFO.name,
        version=_INFO.version,
        reason=reason,
        language=part.language,
    )


def make(context: DetectorContext) -> ContactDetector:
    """Make the detector; it needs nothing from the context."""
    return ContactDetector()
