"""The steps that people take with policies, the same from HTTP and the command line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from evenhand.errors import ConflictError, InputError, NotFoundError
from evenhand.fairness import refuse_label
from evenhand.policy import Checked, Policy, check_document, compare, load_policy
from evenhand.publishing.blast import Blast
from evenhand.publishing.brakes import read_brake, suggest
from evenhand.publishing.inforce import named_lines
from evenhand.publishing.undoing import read_bad
from evenhand.store import Store
from evenhand.store.policydecisions import Chosen
from evenhand.store.policyrecords import SHIPPED, Live, Run, Version

DAYS = 7.0  # of decisions that a blast radius looks at, if nothing else is asked for
_MOST_DAYS = 365.0


def checked(document: str) -> Checked:
    """Check a document as it is while somebody writes it."""
    return check_document(document, check_label=refuse_label)


def warnings(
    policy: Policy, store: Store, *, detectors: Iterable[str] = (), libraries: Iterable[str] = ()
) -> list[str]:
    """Say what is odd about a document that is in order: what it takes away, and names of what there is not.

    Args:
        policy: of the document.
        store: what is published there is compared.
        detectors: names of those that there are here; none: not compared.
        libraries: likewise.
    """
    out: list[str] = []
    live = next((one for one in store.policies_live.all() if one.policy == policy.name), None)
    if live is not None and live.live not in (None, SHIPPED):
        before = load_policy(store.policy_versions.get(str(live.live)).document)
        out += [f"line {name!r} is in force and missing here" for name in before.lines if name not in policy.lines]
    known, lists = set(detectors), set(libraries)
    for line in policy.lines.values():
        asked = line.skip | (line.only or frozenset())
        out += [f"line {line.name!r}: there is no detector {name!r} here" for name in sorted(asked - known) if known]
        for name in sorted((line.libraries or frozenset()) - lists):
            out.append(f"line {line.name!r}: there is no library {name!r} here")
    return out


def draft(store: Store, document: str, *, actor: str, note: str = "") -> Version:
    """Store a document as a draft.

    Raises:
        PolicyError: it is wrong, with all problems.
        ConflictError: its version is taken.
    """
    policy, version = _names_in(store, document)
    return store.policy_versions.draft(policy, version, document, actor=actor, note=note)


def save(
    store: Store, version_id: str, document: str, *, actor: str, note: str | None = None, expects: str | None = None
) -> Version:
    """Change a draft; errors as `draft`, and NotFoundError."""
    policy, version = _names_in(store, document)
    kept = store.policy_versions.get(version_id).note if note is None else note
    return store.policy_versions.save(version_id, policy, version, document, actor=actor, note=kept, expects=expects)


def _names_in(store: Store, document: str) -> tuple[str, str]:
    """Give a document's name and version. Raises PolicyError, and InputError where a line hides a tenant's."""
    policy = load_policy(document, check_label=refuse_label)
    store.policy_versions.check_lines(policy.name, policy.lines)
    return policy.name, policy.version


def base_of(store: Store, version: Version) -> str:
    """Give the document that a version is compared with: the live one, or "" where there is none."""
    row = next((one for one in store.policies_live.all() if one.policy == version.policy), None)
    return "" if row is None or row.live in (None, SHIPPED) else store.policy_versions.get(str(row.live)).document


def difference(store: Store, version_id: str, against: str | None = None) -> dict[str, Any]:
    """Set a version beside another one; None: beside the live one."""
    version = store.policy_versions.get(version_id)
    old = base_of(store, version) if against is None else store.policy_versions.get(against).document
    return compare(old, version.document)


def plan(
    store: Store,
    version_id: str,
    *,
    actor: str,
    at: datetime | None = None,
    share: float = 1.0,
    by: str | None = None,
    brake: Mapping[str, Any] | str | None = None,
) -> Version:
    """Have an approved version published: now, or at a moment; it goes live once the audit has passed, too.

    Args:
        store: where.
        version_id: which.
        actor: who.
        at: aware; None: now.
        share: of contents that it decides, above 0 and at most 1.
        by: what the share is taken by, "content" or a path of the context.
        brake: as `read_brake` takes it; "auto": by what was usual in the last seven days; None: as it is set.

    Raises:
        InputError: the share or the brake cannot be used.
        ConflictError: it was not approved, or its audit did not pass.
        PolicyError: the document cannot be used any more.
    """
    if not 0 < share <= 1:
        raise InputError(f"A share of {share}: give one above 0 and at most 1.")
    if at is not None and at.tzinfo is None:
        raise InputError("Give a moment with its time zone.")
    version = store.policy_versions.get(version_id)
    load_policy(version.document, check_label=refuse_label)
    if version.audit is not None and not version.audit["passed"]:
        raise ConflictError("the fairness audit did not pass: " + "; ".join(version.audit.get("failures", []))[:1000])
    chosen = usual(store, version.policy) if brake == "auto" else read_brake(brake if isinstance(brake, dict) else None)
    due = at or datetime.now(UTC)
    return store.policies_live.plan(
        version_id, {"share": share, "by": by or "content", "brake": chosen}, due, actor=actor
    )


def usual(store: Store, policy: str) -> dict[str, Any]:
    """Suggest a brake for a policy, by the decisions of the last seven days on its lines."""
    since = datetime.now(UTC) - timedelta(days=DAYS)
    bound = tuple(line.name for line in store.policies_live.lines() if line.policy == policy)
    lines = None if not bound or "default" in bound else bound
    return suggest(store.past_decisions.actions(since, lines))


def blast_of(
    store: Store,
    current: Policy,
    document: str,
    *,
    kept: Iterable[str],
    reads: Mapping[str, str] | None = None,
) -> Blast:
    """Make what counts the effect of a document on past decisions.

    Args:
        store: says for which business lines it would decide.
        current: what is in force.
        document: of the draft.
        kept: keys of the context that are kept with decisions.
        reads: detector -> kind that it reads, for those that there are here.
    """
    made = load_policy(document, check_label=refuse_label)
    bound = {line.name: line.policy for line in store.policies_live.lines()}
    main = bound.get("default")
    mine = [name for name in current.lines if bound.get(name, main) == made.name]
    if main is None or (made.name not in bound.values()):
        # Nothing is bound to it yet: it is judged as if it came in place of the main policy.
        mine = [name for name in current.lines if bound.get(name, main) == main]
    names = list(dict.fromkeys(mine))
    over = named_lines(made, names)
    return Blast(over, current, names=names, kept=kept, reads=reads)


def chosen(days: float | None, lines: Iterable[str] | None = None) -> Chosen:
    """Give the decisions of the last days.

    Raises:
        InputError: not above 0, or more than a year.
    """
    asked = DAYS if days is None else days
    if not 0 < asked <= _MOST_DAYS:
        raise InputError(f"{asked} days: give more than 0 and at most {_MOST_DAYS:g}.")
    now = datetime.now(UTC)
    wanted = None if lines is None else tuple(lines)
    return Chosen(since=now - timedelta(days=asked), until=now + timedelta(minutes=1), lines=wanted, texts=True)


def live_of(store: Store, policy: str) -> Live | None:
    """Give what decides for a policy; None: nothing of it was ever published."""
    try:
        return store.policies_live.of(policy)
    except NotFoundError:
        return None


def start_undo(
    store: Store,
    kind: str,
    policy: str,
    version: str,
    *,
    since: datetime,
    until: datetime,
    actor: str,
    mode: str = "redecide",
    action: str | None = None,
) -> Run:
    """Note that what a version did is to be undone, or that it is to be found out what that would change.

    Args:
        store: where.
        kind: "preview" or "undo".
        policy: name of the policy.
        version: as the version's document says.
        since: aware.
        until: aware; after `since`.
        actor: who.
        mode: "redecide" or "review".
        action: only decisions that led to this; None: all.

    Raises:
        NotFoundError: there is no such version.
        InputError: the moments, the mode or the action cannot be used.
    """
    found = store.policy_versions.named(policy.replace("\x00", ""), version.replace("\x00", ""))
    asked = {"policy": found.policy, "version": found.version, "since": since.isoformat(), "until": until.isoformat()}
    asked |= {"mode": mode} | ({} if action is None else {"action": action})
    read_bad(asked)
    return store.policy_runs.start(kind, found.policy, found.id, asked, actor=actor)
