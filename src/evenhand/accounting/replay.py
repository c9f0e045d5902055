"""Replay: a stored decision made again, and what is the same, what differs, and what can no longer be had.

The policy decides again about the stored findings in any case. Where the content is kept, detectors look at it again:
those that have the same version today, and as they were then the text model and what reads the store's lists. What a
detector of another version says is no replay, and is not compared.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from evenhand.accounting.older import LIBRARIES, Looked, as_then, folder_versions, look_as_then
from evenhand.accounting.remake import MARK, Remade, remake
from evenhand.app import AsyncModerator
from evenhand.domain import Content, Message, Options
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
    loaded = {library.name: library.version for library in moderator.shelves.libraries}
    then = folder_versions(store, str(document["created_at"]))
    if named and (revision := document["models"].get(LIBRARIES)) is not None:
        then |= {name: str(number) for name, number in store.shelf.versions_at(int(revision)).items()}
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
    listed = {str(one["name"]): one for one in await asyncio.to_thread(moderator.detectors)}
    installed = {name: one.get("version") for name, one in listed.items()}
    entries: list[dict[str, Any]] = [
        {
            "name": name,
            "then": version,
            "now": installed.get(name),
            "looked": None,
            "same": None,
            "missing": [],
            "added": [],
        }
        for name, version in sorted(document["models"].items())
        if name != LIBRARIES
    ]
    older = await asyncio.to_thread(as_then, moderator, store, document, installed)
    if older.names and document["rule"] == MARK:
        said = "a person's mark changed what was found, so it is not compared with what an older version finds"
        older = replace(older, names=frozenset(), why_not={**older.why_not, **dict.fromkeys(older.names, said)})
    cannot, current = [], set[str]()
    for one in entries:
        name = one["name"]
        why = older.why_not.get(name)
        if name in older.names:
            continue
        if why is None and one["now"] == one["then"]:
            current.add(name)
            continue
        cannot.append({"what": f"detector {name}", "why": why or _gone(one, listed.get(name))})
    if not current and not older.names:
        return entries, cannot
    try:
        original = await asyncio.to_thread(store.original, str(document["content_hash"]))
    except NotFoundError:
        cannot.append({"what": "content", "why": "it is not kept, so no detector can look at it again"})
        return entries, cannot
    content, options = await _question(moderator, store, original, document)
    if not content.conversation and any(row.get("context") for row in document["findings"]):
        said = "messages before the content moved scores, and were not kept (EVENHAND_KEEP_CONTEXT_KEYS)"
        cannot.append({"what": "conversation", "why": said})
    for names in (frozenset(current), older.names):
        if not names:
            continue
        try:
            if names is older.names:
                looked = await look_as_then(moderator, content, options, older)
            else:
                result = await moderator.check(content, options=options)
                looked = Looked(findings=result.findings, models=result.models, incomplete=result.incomplete)
                if (result.rule == MARK) != (document["rule"] == MARK):
                    said = "a person's mark about this content came, or went, since: its findings are not compared"
                    cannot.append({"what": "mark", "why": said})
                    continue
        except EvenhandError as error:
            cannot.append({"what": "content", "why": f"it could not be looked at again: {error.message}"})
        else:
            mine = [one for one in entries if one["name"] in names]
            cannot += [told for one in mine if (told := _compared(one, document, looked)) is not None]
    return entries, cannot


def _gone(one: Mapping[str, Any], listed: Mapping[str, Any] | None) -> str:
    """Say why a detector cannot look again, and what would mend it."""
    if one["now"] is None:
        why = None if listed is None else listed.get("why")
        return f"it is not installed here{': ' + str(why) if why else ''}"
    if str(one["name"]).endswith(".classes"):
        return "other custom classes judge now; versions that were deployed can be deployed again and replayed"
    return (
        f"{one['then']} decided, {one['now']} is here: install the release of evenhand, or of the plug-in, that had it"
    )


def _compared(one: dict[str, Any], document: Mapping[str, Any], looked: Looked) -> dict[str, str] | None:
    """Put into an entry what is the same and what differs; give what could not be had."""
    name = str(one["name"])
    if name in looked.incomplete or name not in looked.models:
        why = looked.incomplete.get(name, "it does not run for this content today")
        return {"what": f"detector {name}", "why": f"it gave no answer: {why}"}
    if looked.models[name] != one["then"]:
        return {"what": f"detector {name}", "why": f"{one['then']} decided, {looked.models[name]} ran"}
    before = Counter(_key(row) for row in document["findings"] if row["detector"] == name)
    after = Counter(_key(found.as_dict()) for found in looked.findings if found.detector == name)
    one["looked"] = looked.models[name]
    one["missing"] = [list(key) for key in (before - after).elements()][:_MOST_TOLD]
    one["added"] = [list(key) for key in (after - before).elements()][:_MOST_TOLD]
    one["same"] = before == after
    return None


async def _question(
    moderator: AsyncModerator, store: Store, original: Original, document: Mapping[str, Any]
) -> tuple[Content, Options]:
    """Give the content as it was kept, and how it was asked about."""
    line = str(document["policy"]).rpartition("/")[2]
    if line not in moderator.policy.lines:
        line = "default"
    text = original.body.decode("utf-8", "surrogatepass") if original.media_type == "text/plain" else None
    context: Mapping[str, Any] = await asyncio.to_thread(store.context, str(document["decision_id"]))
    content = Content(
        text=text,
        data=None if text is not None else original.body,
        media_type=original.media_type,
        conversation=tuple(Message(**one) for one in context.get("conversation", ())),
        keep=False,
    )
    caller = await asyncio.to_thread(store.log.caller, str(document["decision_id"]))
    return content, Options(line=line, record=False, caller=caller)


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Give what makes a finding the same: label, score to four decimals, and place; not how its reason is worded."""
    place = row["location"]
    where = (place.get("source"), *(str(place.get(name)) for name in ("span", "box", "time", "frame")))
    return row["label"], round(row["score"], 4), *where
