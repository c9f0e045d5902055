"""The page behind a signed link: somebody without an account appeals, and later reads what came of it.

It works without scripts, asks for no login, and shows nothing of the content: only what the appellant sent themselves.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import OrderedDict
from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from evenhand.api.auth import RateLimitError
from evenhand.console import i18n
from evenhand.console.base import Area, Visitor, page, parts
from evenhand.console.i18n import LANGUAGES, N_
from evenhand.domain import id_time
from evenhand.errors import ConflictError, InputError, NotFoundError
from evenhand.review.appeallinks import Link, Links
from evenhand.store.appealrows import LONGEST

router = APIRouter(prefix="/appeal")

_MOST_BYTES = 3 * 4 * LONGEST + 1_000  # of a form: each byte may be written as three
_MOST_CALLERS = 10_000  # remembered; the longest silent are forgotten first
_MISTAKES = {
    # What can go wrong, in words for somebody who knows nothing of this software.
    InputError: N_("Please write why you think the decision is wrong, in at most 4000 characters."),
    ConflictError: N_("This cannot be appealed against now: it was appealed already, or a person is still to decide."),
    NotFoundError: N_("This decision is no longer stored, so it cannot be appealed against."),
}


class Pace:
    """How often each address may come: a minute's worth at once, refilled evenly.

    Args:
        per_minute: requests.
    """

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def spend(self, caller: str) -> None:
        """Take one request.

        Raises:
            RateLimitError: there were too many.
        """
        now = time.monotonic()
        level, last = self._levels.pop(caller, (float(self._per_minute), now))
        level = min(self._per_minute, level + (now - last) * self._per_minute / 60)
        self._levels[caller] = (max(0.0, level - 1), now)
        if len(self._levels) > _MOST_CALLERS:
            self._levels.popitem(last=False)
        if level < 1:
            wait = math.ceil((1 - level) * 60 / self._per_minute)
            raise RateLimitError("Too many requests; wait a minute and try again.", retry_after_s=wait)


@router.get("/{token}")
async def show(request: Request, token: str, lang: str = "") -> Response:
    """Show the form, or what came of the appeal."""
    _spend(request)
    try:
        link = _links(request).read(token)
    except NotFoundError:
        return _bad(request, lang)
    return await _page(request, token, link, lang)


@router.post("/{token}")
async def send(request: Request, token: str, lang: str = "") -> Response:
    """File the appeal that the form holds; then show how it stands."""
    _spend(request)
    try:
        link = _links(request).read(token)
    except NotFoundError:
        return _bad(request, lang)
    if link.over:
        return await _page(request, token, link, lang, status=410)
    store, language, said = parts(request).store, _language(request, lang), ""

    def work(statement: str) -> None:
        store.appeals.file(link.decision_id, statement, party=link.party, language=language, via="link")

    try:
        said = await _statement(request)
        await asyncio.to_thread(work, said)
    except (InputError, ConflictError, NotFoundError) as error:
        told = next(text for kind, text in _MISTAKES.items() if isinstance(error, kind))
        return await _page(request, token, link, lang, status=error.status, said=said, mistake=told)
    return RedirectResponse(f"/appeal/{token}" + (f"?lang={lang}" if lang in LANGUAGES else ""), status_code=303)


async def _page(
    request: Request, token: str, link: Link, lang: str, *, status: int = 200, said: str = "", mistake: str = ""
) -> Response:
    store, language = parts(request).store, _language(request, lang)
    appeal = await asyncio.to_thread(store.appeals.of_party, link.decision_id, link.party)
    if appeal is None and link.over:
        status = 410
    visitor = Visitor(id="", name="", language=language)
    values: dict[str, Any] = {
        "appeal": appeal,
        "link": link,
        "token": token,
        "decided": id_time(link.decision_id),
        "longest": LONGEST,
        "said": said,
        "mistake": mistake,
        "languages": LANGUAGES,
        "lang": lang if lang in LANGUAGES else "",
    }
    return _private(page(request, visitor, "appeals/public.html", status=status, **values))


def _bad(request: Request, lang: str) -> Response:
    visitor = Visitor(id="", name="", language=_language(request, lang))
    return _private(page(request, visitor, "appeals/badlink.html", status=404))


def _private(answer: Response) -> Response:
    # The address is the key to the page: it must not reach another site, nor a search engine.
    answer.headers["referrer-policy"] = "no-referrer"
    answer.headers["x-robots-tag"] = "noindex, nofollow"
    return answer


async def _statement(request: Request) -> str:
    """Read the form by hand: only what it may hold, and no more of it than that.

    Raises:
        InputError: it is too long, or no form.
    """
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _MOST_BYTES:
            raise InputError("The form is too long: 4000 characters are the most.")
    try:
        fields = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=10, encoding="utf-8", errors="strict")
    except ValueError as error:
        raise InputError("The form cannot be read; send it from the page.") from error
    return fields.get("statement", [""])[0]


def _language(request: Request, lang: str) -> str:
    return lang if lang in LANGUAGES else i18n.language_of(request)


def _links(request: Request) -> Links:
    return Links(parts(request).moderator.settings)


def _spend(request: Request) -> None:
    state = request.app.state
    if not hasattr(state, "appeal_pace"):
        state.appeal_pace = Pace(parts(request).moderator.settings.appeal_rate_limit)
    pace: Pace = state.appeal_pace
    pace.spend(request.client.host if request.client else "?")


AREA = Area(router)
