"""A stored decision, made again from what is stored of it: its policy document, findings, context and incidents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evenhand.domain import Decision, Finding, Incident, Location, Source
from evenhand.domain.incident import Modality
from evenhand.errors import NotFoundError, PolicyError
from evenhand.policy import Condition, Policy, decide, load_policy
from evenhand.publishing.inforce import named_lines
from evenhand.store import Store

MARK = "mark"  # stands as the rule of a decision that a person's mark made


@dataclass(frozen=True, slots=True, kw_only=True)
class Remade:
    """What came of it."""

    decision: Decision | None  # None: it cannot be made again
    cannot: tuple[tuple[str, str], ...]  # what could not be had, and why: ("policy", "..."), ("context", "...")
    sha256: str | None = None  # of the policy document


def remake(store: Store, document: Mapping[str, Any]) -> Remade:
    """Decide about the stored findings with the stored policy document.

    Args:
        store: where both are.
        document: the decision, as `Store.decision` gives it.

    Raises:
        StoreError: the database refused or cannot be reached.
    """
    cannot: list[tuple[str, str]] = []
    name, _, rest = str(document["policy"]).partition("@")
    version, _, line = rest.rpartition("/")
    try:
        stored = store.policies.get(name, version)
        # A business line that is bound to a policy may be decided by its `default` line, under a name of its own.
        policy = named_lines(load_policy(stored.document or ""), [line])
    except NotFoundError:
        return Remade(decision=None, cannot=(("policy", f"the document of {name}@{version} is not stored"),))
    except PolicyError as error:
        return Remade(decision=None, cannot=(("policy", f"its document cannot be read any more: {error.message}"),))
    context: Mapping[str, Any] = store.context(str(document["decision_id"]))
    if not context and _asks_context(policy, line):
        cannot.append(("context", "rules of this line ask the context, and none was kept (EVENHAND_KEEP_CONTEXT_KEYS)"))
    findings = [read_finding(row) for row in document["findings"]]
    if any("weaker findings are not listed" in note for note in document["notes"]):
        cannot.append(("findings", "more was found than is stored"))
    decision = decide(
        policy,
        line,
        findings=findings,
        context=context,
        kind=str(document["kind"]),
        languages=tuple(document["languages"]),
        incomplete=document["incomplete"] or {},
        incidents=_incidents(document.get("incidents") or (), findings),
    )
    return Remade(decision=decision, cannot=tuple(cannot), sha256=stored.sha256)


def read_finding(row: Mapping[str, Any]) -> Finding:
    """Read the JSON form of a finding; scores have four decimals there."""
    place = dict(row["location"])
    known = {name: place[name] for name in Location.__dataclass_fields__ if name in place}
    for name in ("span", "box", "time"):
        if known.get(name) is not None:
            known[name] = tuple(known[name])
    known["source"] = Source(place["source"])
    given = {name: row.get(name) for name in ("language", "library", "context", "facts")}
    return Finding(
        label=row["label"],
        score=row["score"],
        location=Location(**known),
        detector=row["detector"],
        version=row["version"],
        reason=row["reason"],
        **given,
    )


def _incidents(rows: Sequence[Mapping[str, Any]], findings: Sequence[Finding]) -> tuple[Incident, ...]:
    """Give incidents with the findings that lie in their time and have one of their labels."""
    made = []
    for row in rows:
        mine = tuple(
            finding
            for finding in findings
            if finding.label in row["labels"]
            and finding.location.time is not None
            and finding.location.time[0] >= row["start"] - 0.001
            and finding.location.time[1] <= row["end"] + 0.001
        )
        values = {name: row[name] for name in Incident.__dataclass_fields__ if name in row}
        values["modalities"] = tuple(Modality(one) for one in row["modalities"])
        made.append(Incident(**{**values, "findings": mine}))
    return tuple(made)


def _asks_context(policy: Policy, line: str) -> bool:
    return any(_asks(condition) for rule in policy.line(line).rules for condition in (rule.when, *rule.unless))


def _asks(condition: Condition) -> bool:
    parts = (*condition.all, *condition.any, *condition.none)
    return bool(condition.context) or any(_asks(part) for part in parts)
