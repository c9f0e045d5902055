"""Proposals approved, rejected and undone. Blocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from evenhand.domain import Medium
from evenhand.errors import ConflictError, EvenhandError, InputError, NotFoundError
from evenhand.learning.policies import moved
from evenhand.review import applying
from evenhand.review.marking import Said, read_marks
from evenhand.settings import Settings
from evenhand.shelves.entries import read_entries
from evenhand.shelves.keeping import Keeping
from evenhand.store import Store
from evenhand.store.decisions import rfc3339
from evenhand.store.libraryrows import digest_of
from evenhand.store.proposals import Proposal, may_approve
from evenhand.store.reviewrecords import Person

# Teaches a class anew of what people judged, not deployed; gives the number of its version
Teach = Callable[[str, Medium, str, str], int]


def approve(
    store: Store, settings: Settings, proposal_id: str, *, actor: str, reason: str = "", teach: Teach | None = None
) -> Proposal:
    """Approve a proposal, and do what it says.

    Raises:
        NotFoundError: there is none.
        ConflictError: it is not open, a second person is needed, or what it is about has changed.
    """
    found = store.proposals.claim(proposal_id, actor=actor, state="approved", was="open", reason=reason)
    try:
        done = _apply(store, settings, found, actor, teach)
    except Exception as error:
        why = error.message if isinstance(error, EvenhandError) else "it could not be done"
        store.proposals.claim(proposal_id, actor=actor, state="open", was="approved", reason=why)
        raise
    store.proposals.done(proposal_id, done)
    return store.proposals.get(proposal_id)


def reject(store: Store, proposal_id: str, *, actor: str, reason: str) -> Proposal:
    """Reject a proposal: the same is not made again.

    Raises:
        NotFoundError: there is none.
        ConflictError: it is not open.
        InputError: no reason.
    """
    if not reason.strip():
        raise InputError("Say why it is rejected.")
    store.proposals.claim(proposal_id, actor=actor, state="rejected", was="open", reason=reason)
    return store.proposals.get(proposal_id)


def undo(store: Store, proposal_id: str, *, actor: str, reason: str = "") -> Proposal:
    """Take back what approving a proposal did.

    Raises:
        NotFoundError: there is none.
        ConflictError: it is not approved, or what it did has gone too far (a policy that decides is rolled back there).
    """
    found = store.proposals.claim(proposal_id, actor=actor, state="undone", was="approved", reason=reason)
    try:
        _take_back(store, found, actor)
    except Exception:
        store.proposals.claim(proposal_id, actor=actor, state="approved", was="undone", reason=found.reason)
        raise
    return store.proposals.get(proposal_id)


def proposal_document(proposal: Proposal, actor: str) -> dict[str, Any]:
    """Give a proposal as every surface shows it. It names nobody: who did what is for the audit log."""
    return {
        "id": proposal.id,
        "kind": proposal.kind,
        "title": proposal.title,
        "change": dict(proposal.change),
        "evidence": dict(proposal.evidence),
        "effect": dict(proposal.effect),
        "state": proposal.state,
        "mine": not may_approve(proposal, actor),
        "reason": proposal.reason,
        "created_at": rfc3339(proposal.created_at),
        "decided_at": None if proposal.decided_at is None else rfc3339(proposal.decided_at),
    }


def _apply(store: Store, settings: Settings, proposal: Proposal, actor: str, teach: Teach | None) -> Mapping[str, Any]:
    change = proposal.change
    if proposal.kind == "library":
        return _add_entries(store, settings, change, actor, proposal.id)
    if proposal.kind == "mark":
        said = Said(
            content_hash=change["content_hash"],
            verdict=change["verdict"],
            action=change["action"],
            labels=change["labels"],
            reason=change["reason"],
        )
        person = Person(id=actor, name=actor, senior=True)
        (mark,) = store.marks.add(person, read_marks(store, [said]))
        applying.apply(store, [mark.id], person)
        return {"mark": mark.id}
    if proposal.kind == "threshold":
        return {"policy_version": moved(store, settings, change, actor=proposal.made_by)}
    if teach is None:
        raise InputError("This teaches a class: approve it over HTTP, or with `evenhand proposals approve`.")
    return {"class": change["name"], "number": teach(change["name"], Medium(change["medium"]), change["label"], actor)}


def _add_entries(
    store: Store, settings: Settings, change: Mapping[str, Any], actor: str, proposal_id: str
) -> Mapping[str, Any]:
    name, keeping = change["library"], Keeping(store, settings)
    try:
        kept = store.shelf.get(name)
    except NotFoundError:
        note = "what people marked, after a second person approved"
        kept = keeping.create(name, change["kind"], change["list"], actor=actor, note=note)
    if kept.kind != change["kind"] or kept.head.colour != change["list"]:
        raise ConflictError(
            f"library {name!r} is not {change['list']} {change['kind']} any more; rename it, or reject this"
        )
    items = read_entries(change["entries"], kept)
    before = {digest_of(item) for item in store.shelf.page(name, limit=None)}
    keeping.add(name, change["entries"], actor=actor, note=f"proposal {proposal_id}")
    return {"library": name, "added": [digest for digest in map(digest_of, items) if digest not in before]}


def _take_back(store: Store, proposal: Proposal, actor: str) -> None:
    done = proposal.done or {}
    if "library" in done:
        added = set(done["added"])
        ids = [item.id for item in store.shelf.page(done["library"], limit=None) if digest_of(item) in added]
        store.shelf.change(done["library"], actor=actor, remove=ids, note=f"proposal {proposal.id} undone")
    elif "mark" in done:
        store.marks.undo([done["mark"]], Person(id=actor, name=actor, senior=True))
    elif "policy_version" in done:
        store.policy_versions.withdraw(done["policy_version"], actor=actor)
    # A class's version that judges nothing needs no undoing; one that was deployed is rolled back among the classes.
