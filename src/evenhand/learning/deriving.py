"""Evidence becomes proposals."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from evenhand.domain import LibraryKind, Medium, id_time, is_under
from evenhand.learning import evidence, words
from evenhand.learning.evidence import Judgement
from evenhand.learning.policies import documents, thresholds
from evenhand.learning.thresholds import move
from evenhand.settings import Settings
from evenhand.shelves.prints import as_sample
from evenhand.store import Store
from evenhand.store.classhistory import HistoryWanted
from evenhand.store.proposals import NewProposal, Proposal
from evenhand.store.records import Suggestion

KINDS = ("library", "mark", "threshold", "examples")
_MOST_TEXTS = 5_000  # harmless texts that words are compared with
_MOST_ENTRIES = 50  # of one proposal
_MOST_SUGGESTIONS = 5_000
_SAMPLES = 3  # contents named as evidence
_LEAST_EXAMPLES = 20  # of each side, that a class has not seen
_AGREE = 0.5  # score from which a suggestion says that a label is there


def derive(store: Store, settings: Settings, *, actor: str, kinds: Sequence[str] = ()) -> list[Proposal]:
    """Look through what people judged, and suggestions, for what should be changed; give the proposals that are new.

    Raises:
        StoreError: the database refused or cannot be reached.
    """
    judged = evidence.judgements(store)
    makers: dict[str, Callable[[], Iterator[NewProposal]]] = {
        "library": lambda: _library(store, judged),
        "mark": lambda: _marks(store, judged),
        "threshold": lambda: _thresholds(store, settings, judged),
        "examples": lambda: _examples(store),
    }
    made = [one for kind in KINDS if not kinds or kind in kinds for one in makers[kind]()]
    return store.proposals.add(made, actor=actor)


def _library(store: Store, judged: list[Judgement]) -> Iterator[NewProposal]:
    yield from _words(store, [one for one in judged if one.kind == "text"])
    yield from _samples(store, judged)


def _words(store: Store, judged: list[Judgement]) -> Iterator[NewProposal]:
    kept = evidence.texts(store, [one.content_hash for one in judged])
    good = {one.content_hash for one in judged if one.harmless}
    bad = {one.content_hash for one in judged if one.true_labels}
    passed = {key: text for key, text in evidence.passed_texts(store, most=_MOST_TEXTS).items() if key not in bad}
    harmless = [kept[key] for key in good if key in kept] + [text for key, text in passed.items() if key not in good]
    for label in sorted({label for one in judged for label in one.true_labels}):
        mine = [one for one in judged if label in one.true_labels and one.content_hash in kept]
        found = words.candidates([kept[one.content_hash] for one in mine], harmless)
        if not found:
            continue
        behind = [one for one in mine if any(words.holds(kept[one.content_hash], word.value) for word in found)]
        entries = [
            {"value": one.value, "label": label, "note": f"by marks: {one.judged} of {one.judged + one.harmless}"}
            for one in found
        ]
        hits = sum(any(words.holds(text, word.value) for word in found) for text in harmless)
        yield NewProposal(
            kind="library",
            title=f"{len(found)} words for {label}",
            change={"library": "learned-words", "kind": "words", "list": "review", "entries": entries},
            evidence={
                "words": [one.as_dict() for one in found],
                "judged": len(mine),
                "harmless": len(harmless),
                **_named(behind),
            },
            effect={
                "found_of_judged": len(behind),
                "judged": len(mine),
                "found_of_harmless": hits,
                "harmless": len(harmless),
            },
            persons=frozenset(one.person for one in behind),
        )


def _samples(store: Store, judged: list[Judgement]) -> Iterator[NewProposal]:
    """Pictures and texts that people judged: harmful ones as black samples, harmless ones that were found as white."""
    prints = evidence.prints(store, judged)
    here = _held(store)
    groups: dict[tuple[str, str, str], list[Judgement]] = {}
    for one in judged:
        found = prints.get(one.content_hash)
        if found is None or as_sample(found) in here:
            continue
        kind = "images" if found.kind == "image" else "texts"
        if one.harmless and one.found:
            groups.setdefault((kind, "white", ""), []).append(one)
        elif one.action == "block":
            for label in sorted(one.true_labels)[:1]:
                groups.setdefault((kind, "black", label), []).append(one)
    names = {"black": "learned", "white": "learned-fine"}
    for (kind, colour, label), some in sorted(groups.items()):
        for start in range(0, len(some), _MOST_ENTRIES):
            part = some[start : start + _MOST_ENTRIES]
            said: dict[str, Any] = {"label": label} if label else {}
            entries = [
                {"value": as_sample(prints[one.content_hash]), "note": f"by marks: {one.decision_id}", **said}
                for one in part
            ]
            yield NewProposal(
                kind="library",
                title=f"{len(part)} {kind} for {'the white list' if colour == 'white' else label}",
                change={"library": f"{names[colour]}-{kind}", "kind": kind, "list": colour, "entries": entries},
                evidence={"judged": len(part), **_named(part)},
                effect={"samples": len(part), "finds": "what is nearly the same"},
                persons=frozenset(one.person for one in part),
            )


def _held(store: Store) -> set[str]:
    """Give the samples that libraries of the store hold."""
    kinds = (LibraryKind.IMAGES.value, LibraryKind.TEXTS.value)
    return {
        item.value
        for kept in store.shelf.all()
        if kept.kind in kinds
        for item in store.shelf.page(kept.name, limit=None)
    }


def _marks(store: Store, judged: list[Judgement]) -> Iterator[NewProposal]:
    """What callers of other vendors' APIs said that scores should be, where stored decisions say otherwise."""
    known = {one.content_hash for one in judged}
    suggestions: dict[str, list[Suggestion]] = {}
    for one in _suggested(store):
        if one.content_hash not in known and one.labels:
            suggestions.setdefault(one.content_hash, []).append(one)
    for content_hash, some in suggestions.items():
        last = store.decisions(content_hash=content_hash, limit=1).items
        if not last:
            continue
        found = {finding["label"] for finding in last[0]["findings"]}  # type: ignore[attr-defined]
        said = {label: score for one in some for label, score in one.labels.items()}  # the last one said counts
        there = sorted(label for label, score in said.items() if score >= _AGREE)
        gone = sorted(label for label in found if any(is_under(label, one) for one, s in said.items() if s < _AGREE))
        missing = [label for label in there if not any(is_under(one, label) for one in found)]
        if not gone and not missing:
            continue
        labels = sorted((found - set(gone)) | set(missing))
        action = "mark" if labels else "pass"
        yield NewProposal(
            kind="mark",
            title=f"Mark one content: {', '.join(labels) or 'harmless'}",
            change={
                "content_hash": content_hash,
                "verdict": "wrong",
                "labels": labels,
                "action": action,
                "reason": "suggested by callers",
            },
            evidence={
                "suggestions": len(some),
                "dialects": sorted({one.dialect for one in some}),
                "said": {label: round(score, 4) for label, score in said.items()},
                "decisions": [last[0]["decision_id"]],
            },
            effect={
                "action_now": last[0]["action"],
                "action_then": action,
                "labels_now": sorted(found),
                "labels_then": labels,
            },
            persons=frozenset(one.key_id for one in some if one.key_id),
        )


def _suggested(store: Store) -> Iterator[Suggestion]:
    after, seen = "", 0
    while seen < _MOST_SUGGESTIONS and (page := store.suggestions.list(after=after, limit=1_000)):
        yield from page
        after, seen = page[-1].id, seen + len(page)


def _thresholds(store: Store, settings: Settings, judged: list[Judgement]) -> Iterator[NewProposal]:
    labels = sorted({label for one in judged for label in one.found})
    for text in documents(store, settings).values():
        for one in thresholds(text, labels):
            mine = [x for x in judged if one.label in x.found and x.line == one.line]
            action, now = one.mildest
            better = move([(x.found[one.label], x.right(one.label)) for x in mine], now)
            if better is None:
                continue
            yield NewProposal(
                kind="threshold",
                title=f"{one.label}: {action} from {better.end:.2f}, not {now:.2f} (line {one.line})",
                change={
                    "policy": one.policy,
                    "line": one.line,
                    "label": one.label,
                    "action": action,
                    "from": now,
                    "to": better.end,
                },
                evidence={"right": better.right, "wrong": better.wrong, **_named(mine)},
                effect={
                    "precision": {"now": better.precision[0].as_dict(), "then": better.precision[1].as_dict()},
                    "recall": {"now": better.recall[0].as_dict(), "then": better.recall[1].as_dict()},
                },
                persons=frozenset(x.person for x in mine),
            )


def _examples(store: Store) -> Iterator[NewProposal]:
    """Custom classes whose label people have judged anew."""
    for entry in store.classes.list():
        newest = entry.live or entry.versions[0]
        wanted = HistoryWanted(medium=Medium(newest.medium), label=newest.label)
        found = store.classes.history(wanted)
        since = [
            [one for one in side if id_time(one.decision_id) > newest.created_at]
            for side in (found.positives, found.against)
        ]
        sides = [[one.decision_id for one in side] for side in since]
        if min(map(len, sides)) < _LEAST_EXAMPLES:
            continue
        seen = hashlib.sha256("".join(sorted(sides[0] + sides[1])).encode()).hexdigest()
        yield NewProposal(
            kind="examples",
            title=f"Teach class {newest.name} again with what was judged since",
            change={"name": newest.name, "medium": newest.medium, "label": newest.label, "examples": seen},
            evidence={"positives": len(sides[0]), "against": len(sides[1]), "decisions": sides[0][:_SAMPLES]},
            effect={
                "makes": "a version that judges nothing before it is deployed",
                "all_positives": len(found.positives),
                "all_against": len(found.against),
            },
            persons=frozenset(one.person for side in since for one in side if one.person),
        )


def _named(some: list[Judgement]) -> dict[str, Any]:
    return {"decisions": [one.decision_id for one in some[:_SAMPLES]], "contents": len(some)}
