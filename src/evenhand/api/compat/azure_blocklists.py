"""Blocklists as Azure's callers keep them: the calls, and the search in texts.

They live in the store. Each search first asks the store for the lists' revisions and builds its index anew where one
has changed, so that a change counts for every search that begins after it, in every process.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from evenhand.api.compat.azure_parts import AzureError, admitted, field, reply, whole_number
from evenhand.api.compat.calls import Call
from evenhand.errors import NotFoundError
from evenhand.fairness import audit_words
from evenhand.store import Blocklist, BlocklistItem, Store
from evenhand.store.reviewrecords import LOCAL

if TYPE_CHECKING:
    from evenhand.matching.phrases import PhraseIndex

_NAME = re.compile(r"[0-9A-Za-z._~-]{1,64}")
_MAX_TEXT, _MAX_DESCRIPTION, _MAX_TOGETHER, _MAX_NAMED = 128, 1024, 100, 10
_PAGE, _MAX_PAGE = 100, 1000
_KEPT = 64  # indexes kept in memory: those of the lists that were searched last


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """An item of a blocklist that a text holds."""

    blocklist: str
    item: BlocklistItem


@dataclass(frozen=True, slots=True, kw_only=True)
class _Built:
    revision: str
    items: Sequence[BlocklistItem]
    index: PhraseIndex


class BlocklistSearch:
    """Searches texts for the items of blocklists, as they are in the store at that moment. Safe between threads."""

    def __init__(self, store: Store) -> None:
        self._store, self._lock = store, threading.Lock()
        self._built: OrderedDict[str, _Built] = OrderedDict()

    def search(self, text: str, names: Sequence[str]) -> list[Match]:
        """Find items; each once, in the order of the lists and of their items.

        Raises:
            NotFoundError: there is no list of one of these names.
            StoreError: the database refused or cannot be reached.
        """
        revisions = self._store.blocklists.revisions(names)
        matches: list[Match] = []
        for name in dict.fromkeys(names):
            if name not in revisions:
                raise NotFoundError(f"there is no blocklist {name!r}")
            built = self._current(name, revisions[name])
            (hits,) = built.index.search([text])
            matches += [Match(blocklist=name, item=built.items[row]) for row in sorted({hit.phrase for hit in hits})]
        return matches

    def _current(self, name: str, revision: str) -> _Built:
        with self._lock:
            built = self._built.get(name)
            if built is None or built.revision != revision:
                from evenhand.matching.phrases import Phrase, PhraseIndex  # here: few servers keep such lists

                # Items may be newer than the revision that was read; they are then read once more the next time.
                items = self._store.blocklists.page(name)
                index = PhraseIndex([Phrase(value=item.text) for item in items])
                built = self._built[name] = _Built(revision=revision, items=items, index=index)
            self._built.move_to_end(name)
            while len(self._built) > _KEPT:
                self._built.popitem(last=False)
            return built


def search_of(call: Call) -> BlocklistSearch:
    """Give the one search of this server."""
    state = call.request.app.state
    found: BlocklistSearch | None = getattr(state, "evenhand_blocklists", None)
    if found is None:
        found = state.evenhand_blocklists = BlocklistSearch(call.state.store)
    return found


async def matches_of(call: Call, text: str, names: object) -> list[Match]:
    """Search a text for the lists that a request names."""
    if names is None:
        return []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise AzureError("'blocklistNames' must be an array of strings.", target="blocklistNames")
    if len(names) > _MAX_NAMED:
        raise AzureError(f"'blocklistNames' may name at most {_MAX_NAMED} blocklists.", target="blocklistNames")
    for name in names:
        _checked(name)
    return await asyncio.to_thread(search_of(call).search, text, names) if names else []


async def save(request: Request) -> Response:
    """PATCH: make a list or change its description."""
    call = await admitted(request, "admin")

    async def work() -> Response:
        name, body = _name(request), await call.json()
        if body.get("blocklistName", name) != name:
            raise AzureError("'blocklistName' in the body is not the one in the URL.", target="blocklistName")
        changes: dict[str, str | None] = {}
        if "description" in body:
            changes["description"] = _description(body)
        save_it = partial(call.state.store.blocklists.save, name, changes, actor=call.key_id or LOCAL)
        made, new = await asyncio.to_thread(save_it)
        return reply(call, _list(made), status=201 if new else 200)

    return await call.once(work)


async def get(request: Request) -> Response:
    """GET one list."""
    call = await admitted(request, "read")
    return reply(call, _list(await asyncio.to_thread(call.state.store.blocklists.get, _name(request))))


async def remove(request: Request) -> Response:
    """DELETE a list with its items."""
    call = await admitted(request, "admin")
    gone = partial(call.state.store.blocklists.remove, _name(request), actor=call.key_id or LOCAL)
    await asyncio.to_thread(gone)
    return reply(call, None, status=204)


async def every(request: Request) -> Response:
    """GET all lists, a page at a time."""
    call = await admitted(request, "read")
    lists = await asyncio.to_thread(call.state.store.blocklists.all)
    skip, size, _ = _window(request)
    return reply(call, _page([_list(one) for one in lists[skip : skip + size]], call, len(lists) > skip + size))


async def add(request: Request) -> Response:
    """POST :addOrUpdateBlocklistItems."""
    call = await admitted(request, "admin")

    async def work() -> Response:
        name, body = _name(request), await call.json()
        entries = _entries(body)
        if problems := audit_words([text for text, _ in entries]):
            raise AzureError(" ".join(problem.message for problem in problems[:3]), target="blocklistItems")
        most = call.settings.azure_max_items
        add_them = partial(call.state.store.blocklists.add, name, entries, most=most, actor=call.key_id or LOCAL)
        made = await asyncio.to_thread(add_them)
        return reply(call, {"blocklistItems": [_item(one) for one in made]})

    return await call.once(work)


async def discard(request: Request) -> Response:
    """POST :removeBlocklistItems."""
    call = await admitted(request, "admin")

    async def work() -> Response:
        name, body = _name(request), await call.json()
        ids = field(body, "blocklistItemIds", list, required=True)
        if not ids or len(ids) > _MAX_TOGETHER or not all(isinstance(one, str) for one in ids):
            raise AzureError(f"'blocklistItemIds' must hold 1 to {_MAX_TOGETHER} strings.", target="blocklistItemIds")
        known = [one for one in ids if one.isascii() and "\x00" not in one]
        gone = partial(call.state.store.blocklists.discard, name, known, actor=call.key_id or LOCAL)
        await asyncio.to_thread(gone)
        return reply(call, None, status=204)

    return await call.once(work)


async def items(request: Request) -> Response:
    """GET the items of a list, a page at a time."""
    call = await admitted(request, "read")
    skip, size, left = _window(request)
    asked = size if left is None else min(size, left)
    name = _name(request)
    found = await asyncio.to_thread(call.state.store.blocklists.page, name, skip=skip, limit=asked + 1)
    shown = [_item(one) for one in found[:asked]]
    more = len(found) > asked and (left is None or left > asked)
    return reply(call, _page(shown, call, more))


async def item(request: Request) -> Response:
    """GET one item."""
    call = await admitted(request, "read")
    asked = str(request.path_params["item"]).encode("ascii", "replace").decode().replace("\x00", "?")
    found = await asyncio.to_thread(call.state.store.blocklists.item, _name(request), asked)
    return reply(call, _item(found))


def _name(request: Request) -> str:
    return _checked(str(request.path_params["name"]))


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise AzureError(
            "The blocklist name must have 1 to 64 characters out of 0-9, A-Z, a-z, '.', '_', '~' and '-'.",
            error_code="InvalidResourceName",
            target="blocklistName",
        )
    return name


def _description(body: Mapping[str, Any]) -> str | None:
    given = field(body, "description", str)
    if given is not None and len(given) > _MAX_DESCRIPTION:
        raise AzureError(f"'description' has over {_MAX_DESCRIPTION} characters.", target="description")
    return None if given is None else _whole(given, "description")


def _entries(body: Mapping[str, Any]) -> list[tuple[str, str | None]]:
    given = field(body, "blocklistItems", list, required=True)
    if not 0 < len(given) <= _MAX_TOGETHER:
        raise AzureError(f"'blocklistItems' must hold 1 to {_MAX_TOGETHER} items.", target="blocklistItems")
    entries = []
    for one in given:
        text = one.get("text") if isinstance(one, dict) else None
        if not isinstance(text, str) or not text.strip() or len(text) > _MAX_TEXT:
            raise AzureError(
                f"Each item needs a 'text' of 1 to {_MAX_TEXT} characters that are not all blank.",
                target="blocklistItems",
            )
        if one.get("isRegex"):
            raise AzureError(
                "'isRegex' is not taken: one pattern could hold up every text. A final '*' stands for any ending.",
                target="blocklistItems",
            )
        entries.append((_whole(text, "text"), _description(one)))
    return entries


def _whole(text: str, where: str) -> str:
    """Refuse half a surrogate pair: no answer could give it back."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise AzureError(f"'{where}' is not well-formed Unicode.", target=where) from None
    return text


def _window(request: Request) -> tuple[int, int, int | None]:
    """Read `skip`, `maxpagesize` and `top`: what to leave out, how many on this page, how many in all from here."""
    skip = whole_number(request, "skip", least=0) or 0
    size = min(whole_number(request, "maxpagesize", least=1) or _PAGE, _MAX_PAGE)
    return skip, size, whole_number(request, "top", least=0)


def _page(shown: Sequence[Mapping[str, Any]], call: Call, more: bool) -> dict[str, Any]:
    if not more:
        return {"value": shown}
    asked = dict(call.request.query_params)
    asked["skip"] = str(int(asked.get("skip", "0")) + len(shown))
    if "top" in asked:
        asked["top"] = str(int(asked["top"]) - len(shown))
    url = call.request.url.include_query_params(**asked)
    root = call.settings.public_url
    return {"value": shown, "nextLink": f"{root.rstrip('/')}{url.path}?{url.query}" if root else str(url)}


def _list(one: Blocklist) -> dict[str, Any]:
    described = {} if one.description is None else {"description": one.description}
    return {"blocklistName": one.name, **described}


def _item(one: BlocklistItem) -> dict[str, Any]:
    described = {} if one.description is None else {"description": one.description}
    return {"blocklistItemId": one.id, **described, "text": one.text}
