"""Replay: a stored decision made again, and what is the same, what differs, and what can no longer be had.

The policy decides again about the stored findings in any case. Where the content is kept, the detectors that have the
same version today look at it again; what a detector of another version says is no replay, and is not compared.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Any

from evenhand.accounting.remake import MARK, Remade, remake
from evenhand.app import AsyncModerator
from evenhand.domain import Content, Options, Result
from evenhand.errors import EvenhandError, NotFoundError
from evenhand.store import Original, Store

_MOST_TOLD = 20  # findings of one detector that are listed


async def replay(
    moderator: AsyncModerator, store: Store, decision_id: str, *, detectors: bool = True
) -> dict[str, Any]:
    """Make a decision again; nothing is recorded.

    Args:
        moderator: its detectors look again.
        store: where the decision is.
        decision_id: which one.
        detectors: whether detectors look again; the policy decides again in any case.

    Returns:
        `same` (everything that could be made again is; None: nothing could), `decision` and `detectors` (then, now,
        same), `libraries`, and `cannot`: what could not be had, and why.

    Raises:
        NotFoundError: no such decision is stored.
        StoreError: the database refused or cannot be reached.
    """
    document = await asyncio.to_thread(store.decision, decision_id)
    remade = await asyncio.to_thread(remake, store, document)
    cannot = [{"what": what, "why": why} for what, why in remade.cannot]
    decision = _decision(document, remade)
    if document["rule"] == MARK:
        cannot.append({"what": "mark", "why": "a person's mark decided: the policy's own answer is shown beside it"})
    libraries = await asyncio.to_thread(_libraries, store, moderator, document)
    looked: list[dict[str, Any]] = []
    if detectors:
        looked, more = await _look(moderator, store, document)
        cannot += more
    elif document["models"]:
        cannot.append({"what": "detectors", "why": "they were not asked to look again"})
    compared = [decision["same"], *(one["same"] for one in looked)]
    return {
        "decision_id": decision_id,
        "same": None if not any(one is not None for one in compared) else all(one is not False for one in compared),
        "policy": {"name": document["policy"], "sha256": remade.sha256},
        "decision": decision,
        "detectors": looked,
        "libraries": libraries,
        "cannot": cannot,
    }


def _decision(document: Mapping[str, Any], remade: Remade) -> dict[str, Any]:
    then = {name: document[name] for name in ("action", "rule", "reason")}
    made = remade.decision
    if made is None:
        return {"same": None, "then": then, "now": None}
    now = {"action": made.action.value, "rule": made.rule, "reason": made.reason}
    by_mark = document["rule"] == MARK
    same = None if by_mark else (then["action"], then["rule"]) == (now["action"], now["rule"])
    return {"same": same, "then": then, "now": now}


def _libraries(store: Store, moderator: AsyncModerator, document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Say of each list whose findings the decision holds which version it was then, and which is loaded now."""
    named = sorted({row["library"] for row in document["findings"] if row.get("library")})
    loaded = {library.name: library.version for library in moderator.libraries}
    then: dict[str, str] = {}
    for known in store.libraries.list():  # newest first
        if known.created_at.isoformat() <= str(document["created_at"]).replace("Z", "+00:00"):
            then.setdefault(known.name, known.version)
    return [
        {
            "name": name,
            "then": then.get(name),
            "now": loaded.get(name),
            "same": None if name not in then or name not in loaded else then[name] == loaded[name],
        }
        for name in named
    ]


async def _look(
    moderator: AsyncModerator, store: Store, document: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    installed = {one["name"]: one.get("version") for one in await asyncio.to_thread(moderator.detectors)}
    then: Mapping[str, str] = document["models"]
    entries: list[dict[str, Any]] = [
        {"name": name, "then": version, "now": installed.get(name), "same": None, "missing": [], "added": []}
        for name, version in sorted(then.items())
    ]
    cannot = [
        {
            "what": f"detector {one['name']}",
            "why": "it is not installed here" if one["now"] is None else f"{one['then']} decided, {one['now']} is here",
        }
        for one in entries
        if one["now"] != one["then"]
    ]
    comparable = {str(one["name"]) for one in entries if one["now"] == one["then"]}
    if not comparable:
        return entries, cannot
    try:
        original = await asyncio.to_thread(store.original, str(document["content_hash"]))
    except NotFoundError:
        cannot.append({"what": "content", "why": "it is not kept, so no detector can look at it again"})
        return entries, cannot
    try:
        result = await _again(moderator, store, original, document)
    except EvenhandError as error:
        cannot.append({"what": "content", "why": f"it could not be looked at again: {error.message}"})
        return entries, cannot
    for one in entries:
        name = str(one["name"])
        if name not in comparable:
            continue
        if name in result.incomplete or name not in result.models:
            why = result.incomplete.get(name, "it does not run for this content today")
            cannot.append({"what": f"detector {name}", "why": f"it gave no answer: {why}"})
        elif result.models[name] != one["then"]:
            cannot.append({"what": f"detector {name}", "why": f"{one['then']} decided, {result.models[name]} ran"})
        else:
            before = Counter(_key(row) for row in document["findings"] if row["detector"] == name)
            after = Counter(_key(found.as_dict()) for found in result.findings if found.detector == name)
            one["missing"] = [list(key) for key in (before - after).elements()][:_MOST_TOLD]
            one["added"] = [list(key) for key in (after - before).elements()][:_MOST_TOLD]
            one["same"] = before == after
    return entries, cannot


async def _again(moderator: AsyncModerator, store: Store, original: Original, document: Mapping[str, Any]) -> Result:
    line = str(document["policy"]).rpartition("/")[2]
    if line not in moderator.policy.lines:
        line = "default"
    text = original.body.decode("utf-8", "surrogatepass") if original.media_type == "text/plain" else None
    content = Content(
        text=text, data=None if text is not None else original.body, media_type=original.media_type, keep=False
    )
    caller = await asyncio.to_thread(store.log.caller, str(document["decision_id"]))
    return await moderator.check(content, options=Options(line=line, record=False, caller=caller))


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Give what makes a finding the same: label, score to four decimals, and place; not how its reason is worded."""
    place = row["location"]
    where = (place.get("source"), *(str(place.get(name)) for name in ("span", "box", "time", "frame")))
    return row["label"], round(row["score"], 4), *where
