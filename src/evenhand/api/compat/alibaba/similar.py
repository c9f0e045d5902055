"""Libraries of similar pictures (2018-05-09): sample libraries of this server, under the vendor's names and calls.

A library is one of pictures whose matches go to review (`known.review`). Its own name begins with "alibaba-"; the
vendor's name, in any script, stands in its note, and what the caller said of a picture in the note of its entry.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import orjson
from starlette.responses import Response

from evenhand.api.compat.alibaba import errors, labels
from evenhand.api.compat.alibaba.answers import Answer, least, strictest
from evenhand.api.compat.alibaba.errors import CodeError
from evenhand.api.compat.alibaba.green2018_calls import Asked, tasks
from evenhand.decode.fetch import fetch
from evenhand.domain import Action, LibraryItem, LibraryKind, ListColour, id_time
from evenhand.errors import ConflictError, EvenhandError, NotFoundError
from evenhand.policy import Policy
from evenhand.shelves.keeping import Keeping
from evenhand.shelves.samples import sample_of
from evenhand.store.libraryrecords import Kept

SCENE = "similarity"
_START, _DEFAULT = "alibaba-", "default"
_PLAIN = re.compile(r"[a-z0-9][a-z0-9_-]{0,40}")
_NAME = re.compile(r"\w{1,64}")
_NOTE = "Similar pictures, by Alibaba Cloud's API: "
_PER_PAGE, _MOST_PAGES, _MOST_REMOVED, _MOST_TAGS = 50, 50, 100, 3
_MOST_ID, _MOST_NOTE = 128, 480  # characters
_REGION = "local"
T = TypeVar("T")


# Libraries


async def library_add(asked: Asked) -> Response:
    """`/green/similarity/library/add`."""
    name = await _named(asked, "policy")
    if name == _DEFAULT:
        raise CodeError("The library default is there already.")
    try:
        return asked.whole(_shown(await _work(lambda: _make(asked, name))))
    except ConflictError as error:
        raise CodeError(f"There is a library {name!r} already.") from error


async def library_get(asked: Asked) -> Response:
    """`/green/similarity/library/get`."""
    name = await _named(asked, "read")
    return asked.whole(_shown(await _work(lambda: _kept(asked, name))))


async def library_list(asked: Asked) -> Response:
    """`/green/similarity/library/list`: by pages."""
    asked.call.need("read")
    start, told = _page(await asked.members())
    found = await _work(asked.call.state.store.shelf.all)
    mine = [kept for kept in found if kept.name.startswith(_START) and kept.head.note.startswith(_NOTE)]
    rows = [_shown(kept) for kept in mine[start : start + told["pageSize"]]]
    return asked.whole({"data": rows, "totalCount": len(mine), **told})


async def library_delete(asked: Asked) -> Response:
    """`/green/similarity/library/delete`: of one that is empty."""
    name = await _named(asked, "policy")
    shelf = asked.call.state.store.shelf

    def work() -> None:
        kept = _kept(asked, name)
        if kept.size:
            raise CodeError(f"The library {name!r} holds {kept.size} pictures: delete them first.")
        shelf.delete(kept.name, actor=_actor(asked))

    await _work(work)
    return asked.reply()


# Pictures


async def image_add(asked: Asked) -> Response:
    """`/green/similarity/image/add`: in force in every process within two seconds."""
    asked.call.need("policy")
    body = await asked.members()
    name, given, settings = _library(body), tasks(body), asked.call.settings

    def work() -> list[dict[str, Any]]:
        kept = _kept(asked, name, make=True)
        rows, entries = [], []
        for task in given:
            row = {key: task[key] for key in ("dataId", "url") if task.get(key) is not None}
            try:
                note = _said(task)
                data = fetch(str(task["url"]), settings).data
                entries.append({"value": sample_of(data, LibraryKind.IMAGES, settings), "note": note})
            except EvenhandError as error:  # the others are added all the same
                rows.append({"code": errors.number(error), "msg": errors.message(error), **row})
            else:
                rows.append({"code": errors.OK, "msg": "OK", **row})
        if entries:
            _keeping(asked).add(kept.name, entries, actor=_actor(asked))
        return rows

    return asked.reply(await _work(work))


async def image_delete(asked: Asked) -> Response:
    """`/green/similarity/image/delete`: by `dataIds` or `urls`."""
    asked.call.need("policy")
    body = await asked.members()
    name, (key, wanted) = _library(body), _which(body)

    def work() -> list[dict[str, Any]]:
        kept = _kept(asked, name)
        by = dict[str, list[LibraryItem]]()
        for item in _all(asked, kept):
            by.setdefault(str(_facts(item).get(key)), []).append(item)
        gone = [item.id for one in wanted for item in by.get(one, ())]
        if gone:
            asked.call.state.store.shelf.change(kept.name, actor=_actor(asked), remove=gone)
        there = {one: _facts(by[one][0]) for one in wanted if one in by}
        missing = {"code": errors.NOT_FOUND, "msg": f"{errors.word(errors.NOT_FOUND)}: it is not in the library"}
        return [
            {"code": errors.OK, "msg": "OK", **_plain(there[one])} if one in there else {**missing, key: one}
            for one in wanted
        ]

    return asked.reply(await _work(work))


async def image_get(asked: Asked) -> Response:
    """`/green/similarity/image/get`: by `dataId` or `url`."""
    asked.call.need("read")
    body = await asked.members()
    name = _library(body)
    key = "dataId" if body.get("dataId") else "url"
    if not isinstance(body.get(key), str):
        raise CodeError("Give dataId or url.")

    def work() -> dict[str, Any]:
        found = (item for item in _all(asked, _kept(asked, name)) if _facts(item).get(key) == body[key])
        item = next(found, None)
        if item is None:
            raise NotFoundError(f"the library {name!r} has no such picture")
        return _row(item)

    return asked.reply(await _work(work))


async def image_list(asked: Asked) -> Response:
    """`/green/similarity/image/list`: by pages."""
    asked.call.need("read")
    body = await asked.members()
    (start, told), name = _page(body), _library(body)

    def work() -> tuple[int, list[dict[str, Any]]]:
        items = _all(asked, _kept(asked, name))
        return len(items), [_row(item) for item in items[start : start + told["pageSize"]]]

    total, rows = await _work(work)
    return asked.whole({"data": rows, "totalCount": total, **told})


# Looking for them


def searched(task: Mapping[str, Any]) -> Mapping[str, str]:
    """Read `similarityLibraries` of a task: names here -> the vendor's.

    Raises:
        CodeError: it is no list of names.
    """
    names = task.get("similarityLibraries") or [_DEFAULT]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise CodeError("similarityLibraries must be a list of names.")
    return {_own(name): name for name in names}


def scene(answer: Answer, policy: Policy, libraries: Mapping[str, str]) -> dict[str, Any]:
    """Give the scene "similarity" of a picture: matches in some libraries, as sure as the most alike is."""
    hits = [finding for finding in answer.findings if finding.library in libraries]
    rate = round(100 * max((hit.score for hit in hits), default=0.0), 2)
    action = strictest(least(answer, policy), Action.REVIEW if hits else Action.PASS)
    row: dict[str, Any] = {
        "scene": SCENE,
        "label": SCENE if hits else labels.NORMAL,
        "suggestion": {Action.PASS: "pass", Action.MARK: "pass", Action.BLOCK: "block"}.get(action, "review"),
        "rate": rate,
    }
    if hits:
        row["similarityImage"] = [
            {"library": libraries[hit.library], "rate": round(100 * hit.score, 2)} for hit in hits if hit.library
        ]
    return {**row, "incomplete": dict(answer.incomplete)} if answer.incomplete else row


# Parts


async def _named(asked: Asked, scope: str) -> str:
    asked.call.need(scope)
    name = (await asked.members()).get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise CodeError("name must be 1 to 64 letters, digits and underscores, in any script.")
    return name


def _library(body: Mapping[str, Any]) -> str:
    name = body.get("library") or _DEFAULT
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise CodeError("library must be the name of a library.")
    return name


def _page(body: Mapping[str, Any]) -> tuple[int, dict[str, int]]:
    told = {}
    for name, most in (("pageSize", _PER_PAGE), ("currentPage", _MOST_PAGES)):
        value = body.get(name)
        if type(value) is not int or not 1 <= value <= most:
            raise CodeError(f"{name} must be a whole number from 1 to {most}.")
        told[name] = value
    return (told["currentPage"] - 1) * told["pageSize"], told


def _which(body: Mapping[str, Any]) -> tuple[str, Sequence[str]]:
    key, wanted = ("dataId", body["dataIds"]) if body.get("dataIds") else ("url", body.get("urls"))
    if not isinstance(wanted, list) or not all(isinstance(one, str) for one in wanted):
        raise CodeError("Give dataIds or urls, a list of texts.")
    if not 1 <= len(wanted) <= _MOST_REMOVED:
        raise CodeError(f"1 to {_MOST_REMOVED} pictures are removed at once.")
    return key, list(dict.fromkeys(wanted))


def _said(task: Mapping[str, Any]) -> str:
    """Give what is kept of a task beside the picture's hash."""
    url, data_id, tags = task.get("url"), task.get("dataId"), task.get("tags") or []
    if not isinstance(url, str) or not url:
        raise CodeError("url is missing.")
    if data_id is not None and (not isinstance(data_id, str) or not data_id or len(data_id) > _MOST_ID):
        raise CodeError(f"dataId must be a text of 1 to {_MOST_ID} characters.")
    if not isinstance(tags, list) or len(tags) > _MOST_TAGS or not all(isinstance(tag, str) for tag in tags):
        raise CodeError(f"tags must be a list of at most {_MOST_TAGS} texts.")
    facts = {"dataId": data_id, "url": url, "tags": tags}
    note = orjson.dumps({key: value for key, value in facts.items() if value}).decode()
    if len(note) > _MOST_NOTE or "\0" in note:
        raise CodeError("dataId, url and tags together are too long; shorten them.")
    return note


def _own(name: str) -> str:
    """Give this server's name of a library of the vendor's."""
    if _PLAIN.fullmatch(name):
        return _START + name
    return f"{_START}x-{hashlib.sha256(name.encode(errors='surrogatepass')).hexdigest()[:24]}"


def _make(asked: Asked, name: str) -> Kept:
    return _keeping(asked).create(
        _own(name), LibraryKind.IMAGES.value, ListColour.REVIEW.value, actor=_actor(asked), note=_NOTE + name
    )


def _kept(asked: Asked, name: str, *, make: bool = False) -> Kept:
    try:
        kept = asked.call.state.store.shelf.get(_own(name))
    except NotFoundError:
        if make and name == _DEFAULT:
            return _make(asked, name)
        raise NotFoundError(f"there is no library {name!r} of similar pictures") from None
    if kept.kind != LibraryKind.IMAGES.value:
        raise NotFoundError(f"the library {name!r} is not one of pictures")
    return kept


def _all(asked: Asked, kept: Kept) -> list[LibraryItem]:
    return asked.call.state.store.shelf.page(kept.name, limit=None)


def _facts(item: LibraryItem) -> Mapping[str, Any]:
    try:
        found = orjson.loads(item.note)
    except orjson.JSONDecodeError:
        return {}  # added by other means
    return found if isinstance(found, dict) else {}


def _plain(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {key: facts[key] for key in ("dataId", "url") if key in facts}


def _row(item: LibraryItem) -> dict[str, Any]:
    return {**_facts(item), "createTime": int(id_time(item.id).timestamp())}


def _shown(kept: Kept) -> dict[str, Any]:
    return {
        "name": kept.head.note.removeprefix(_NOTE),
        "createTime": int(kept.created_at.timestamp()),
        "imageCount": kept.size,
        "region": _REGION,
    }


def _keeping(asked: Asked) -> Keeping:
    state = asked.call.state
    return Keeping(state.store, state.moderator.settings, taken=[one.name for one in state.moderator.libraries])


def _actor(asked: Asked) -> str:
    return asked.call.key_id or "local"


async def _work(work: Callable[[], T]) -> T:
    return await asyncio.to_thread(partial(work))
