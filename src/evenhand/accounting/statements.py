"""A statement of reasons for one decision, as Article 17 of Regulation (EU) 2022/2065 asks for: in fields and words.

It holds no words of the content, no id of the caller's, and nothing about whoever wrote it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from evenhand.accounting.dsaterms import EEA, EU
from evenhand.accounting.grounds import Ground, Grounds
from evenhand.accounting.remake import MARK, remake
from evenhand.accounting.words import Words, words
from evenhand.domain import TAXONOMY, is_under
from evenhand.errors import ConflictError, UserError
from evenhand.review.appeallinks import Links
from evenhand.settings import Settings
from evenhand.store import Store
from evenhand.store.decisions import rfc3339

CONTENT_TYPES = {
    "text": "CONTENT_TYPE_TEXT",
    "image": "CONTENT_TYPE_IMAGE",
    "video": "CONTENT_TYPE_VIDEO",
    "audio": "CONTENT_TYPE_AUDIO",
    "stream": "CONTENT_TYPE_VIDEO",
}
_MOST_LABELS = 10
_LIKELY = 0.5  # score from which a label is a fact, where the rule's own findings are not known
_DATES = {"en": "%Y-%m-%d", "de": "%d.%m.%Y", "zh": "%Y-%m-%d", "pl": "%d.%m.%Y"}


class NothingToStateError(ConflictError):
    """The decision restricts nothing, or is not made yet."""

    code = "nothing_to_state"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """Why a content was restricted."""

    decision_id: str
    language: str  # of `text` and of the names below
    decided_at: datetime  # by the machine, or by the person who decided last
    submitted_at: datetime
    action: str  # "mark" or "block"
    decision_visibility: str
    decision_visibility_other: str
    territory: tuple[str, ...]
    kind: str
    content_type: str
    content_language: str  # the first that was identified; ""
    labels: tuple[str, ...]  # on which it rests, strongest first
    facts: str  # in words
    automated_detection: bool
    automated_decision: str  # AUTOMATED_DECISION_...
    ground: Ground | None  # None: the operator has named none for the label
    category: str  # STATEMENT_CATEGORY_...
    explanation: str  # why the content falls under the ground
    redress: tuple[
        tuple[str, str], ...
    ]  # ("appeal", address), ("complaint", ...), ("out_of_court", ...), ("court", "")
    missing: tuple[str, ...]  # what is not known yet, without which the statement is not complete: "ground"
    text: str

    def as_dict(self) -> dict[str, Any]:
        """Give the JSON form."""
        out = asdict(self)
        out["ground"] = None if self.ground is None else self.ground.model_dump(mode="json", exclude={"explanation"})
        out["redress"] = [{"kind": kind, "url": url or None} for kind, url in self.redress]
        return {**out, "decided_at": rfc3339(self.decided_at), "submitted_at": rfc3339(self.submitted_at)}


def state(
    store: Store, document: Mapping[str, Any], grounds: Grounds, *, language: str = "en", appeal: str | None = None
) -> Statement:
    """State the reasons of a decision.

    Args:
        store: where the policy is that made it.
        document: the decision, as `Store.decision` gives it.
        grounds: the operator's.
        language: of the words.
        appeal: address at which it can be appealed against; None: there is none.

    Raises:
        NothingToStateError: the decision restricts nothing, or waits for a person.
        InputError: there are no words in that language.
        StoreError: the database refused or cannot be reached.
    """
    said: Mapping[str, Any] | None = document.get("review")
    action = str(document["action"] if said is None else said["action"])
    if action == "review":
        raise NothingToStateError("This decision waits for a person: nothing is restricted by it yet.")
    visibility = {"block": grounds.actions.block, "mark": grounds.actions.mark}.get(action)
    if visibility is None:
        raise NothingToStateError(
            f"The content was let through ({action}): nothing is restricted, so nothing is stated."
        )
    language_words = words(language)
    labels = _labels(store, document, said)
    ground = next((found for label in labels if (found := grounds.of(label)) is not None), None)
    leading = next((label for label in labels if ground is not None and is_under(label, ground.label)), None)
    kind, by_mark = str(document["kind"]), document["rule"] == MARK
    decided_at = _moment(str(document["created_at"] if said is None else said["at"]))
    facts = _facts(language_words, kind, labels, incomplete=bool(document["incomplete"]), judged=said is not None)
    explanation = _explanation(ground, language_words) or facts
    redress = _redress(grounds, str(document["decision_id"]), appeal)
    made = Statement(
        decision_id=str(document["decision_id"]),
        language=language_words.language,
        decided_at=decided_at,
        submitted_at=_moment(str(document["created_at"])),
        action=action,
        decision_visibility=visibility,
        decision_visibility_other=grounds.other,
        territory=grounds.territory,
        kind=kind,
        content_type=CONTENT_TYPES.get(kind, "CONTENT_TYPE_OTHER"),
        content_language=document["languages"][0] if document["languages"] else "",
        labels=labels,
        facts=facts,
        automated_detection=True,
        automated_decision="AUTOMATED_DECISION_PARTIALLY"
        if said is not None or by_mark
        else "AUTOMATED_DECISION_FULLY",
        ground=ground,
        category=grounds.category(leading or (labels[0] if labels else "")),
        explanation=explanation,
        redress=redress,
        missing=() if ground is not None else ("ground",),
        text="",
    )
    return _with_text(made, grounds, language_words)


def appeal_link(settings: Settings, document: Mapping[str, Any]) -> str | None:
    """Give the signed address at which a decision can be appealed against.

    None: links cannot be signed (EVENHAND_SECRET_KEY) or have no address (EVENHAND_PUBLIC_URL), or its time is over.
    """
    if settings.secret_key is None or settings.public_url is None:
        return None
    links = Links(settings)
    try:
        token = links.make(str(document["decision_id"]))
    except UserError:
        return None
    return None if links.read(token).over else links.address(token)


def _labels(store: Store, document: Mapping[str, Any], said: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Give the labels that the decision rests on: a person's, else those of the rule, else the likely ones."""
    if said is not None and said.get("labels") is not None:
        return tuple(said["labels"])
    made = remake(store, document).decision
    scores: dict[str, float] = {}
    if made is not None and made.findings and made.rule == document["rule"]:
        for finding in made.findings:
            scores[finding.label] = max(finding.score, scores.get(finding.label, 0.0))
    else:
        scores = {
            label: score
            for label, score in document["labels"].items()
            if score >= _LIKELY and (label not in TAXONOMY or TAXONOMY[label].harm or is_under(label, "known"))
        }
    ranked = sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(label for label, _ in ranked[:_MOST_LABELS])


def _facts(told: Words, kind: str, labels: tuple[str, ...], *, incomplete: bool, judged: bool) -> str:
    sentences = []
    shown = told.statement.get(f"kind_{kind}", kind)
    if labels:
        names = list(dict.fromkeys(told.label(label) for label in labels))
        sentences.append(told.say("facts", kind=shown, labels=told.statement["and"].join(names)))
    elif judged:
        sentences.append(told.say("facts_none"))
    if incomplete:
        sentences.append(told.say("facts_incomplete"))
    return (" " if told.language != "zh" else "").join(sentences) or told.say("facts_none")


def _explanation(ground: Ground | None, told: Words) -> str:
    if ground is None:
        return ""
    return ground.explanation.get(told.language) or ground.explanation.get("en", "")


def _redress(grounds: Grounds, decision_id: str, appeal: str | None) -> tuple[tuple[str, str], ...]:
    found = [("appeal", appeal)] if appeal else []
    for kind, url in (("complaint", grounds.redress.complaint), ("out_of_court", grounds.redress.out_of_court)):
        if url:
            found.append((kind, url.replace("{id}", decision_id)))
    return (*found, *([("court", "")] if grounds.redress.court else []))


def _with_text(made: Statement, grounds: Grounds, told: Words) -> Statement:
    date = made.decided_at.astimezone(UTC).strftime(_DATES.get(told.language, "%d/%m/%Y"))
    countries = {EU: "EU", EEA: "EEA"}.get(made.territory, ", ".join(made.territory))
    lines = [
        told.say("title"),
        "",
        told.say("intro_platform", platform=grounds.platform) if grounds.platform else told.say("intro"),
        told.say(made.decision_visibility, other=made.decision_visibility_other or "-"),
        told.say("when", date=date),
        told.say("where", countries=countries),
        "",
        made.facts,
        told.say("source"),
        told.say("detected_yes" if made.automated_detection else "detected_no"),
        told.say(made.automated_decision),
        "",
    ]
    if made.ground is None:
        lines.append(told.say("ground_missing"))
    else:
        lines.append(told.say(f"ground_{made.ground.ground}", reference=made.ground.reference))
        if made.explanation and made.explanation != made.facts:
            lines.append(made.explanation)
        if made.ground.also_illegal and made.ground.ground == "incompatible":
            lines.append(told.say("ground_also_illegal"))
        if made.ground.url:
            lines.append(told.say("see", url=made.ground.url))
    lines += ["", told.say("redress") + ("：" if told.language == "zh" else ":")]
    lines += [f"- {told.say(f'redress_{kind}', url=url)}" for kind, url in made.redress]
    lines += ["", told.say("reference", id=made.decision_id)]
    values = {name: getattr(made, name) for name in Statement.__dataclass_fields__}
    return Statement(**{**values, "text": "\n".join(lines)})


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
