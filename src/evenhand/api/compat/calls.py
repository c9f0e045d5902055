"""One request in a dialect that was let in, and what its endpoint does with it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response

from evenhand.api.auth import ForbiddenError
from evenhand.api.idempotency import DECISION_HEADER, once
from evenhand.api.state import State, state_of
from evenhand.domain import Content, ContentKind, ItemError, Options, Result
from evenhand.errors import InputError, NotFoundError, UnsupportedError
from evenhand.settings import Settings
from evenhand.store import DialectKey

_TOKEN_START = "eh_"  # noqa: S105  (how evenhand's own keys begin)
_MOST_IDS = 200  # decision ids in one header: clients refuse lines of 64 KB


@dataclass(frozen=True, slots=True)
class Call:
    """One request that was let in."""

    request: Request
    state: State
    dialect: str
    key_id: str | None  # of the API key or the key pair; None: no keys are needed here
    scopes: Sequence[str] = ()  # of the key pair

    @property
    def settings(self) -> Settings:
        """The server's settings."""
        return self.state.moderator.settings

    def line(self, service: str | None = None) -> str:
        """Give the business line whose rules decide.

        Args:
            service: what the vendor calls a service, a business type or a community; None: none was named.
        """
        lines = self.settings.dialect_lines
        named = None if service is None else lines.get(f"{self.dialect}/{service}")
        return named or lines.get(self.dialect, "default")

    def need(self, scope: str) -> None:
        """Refuse a key pair that lacks a scope besides the one it was let in for.

        Raises:
            ForbiddenError: it lacks it.
        """
        if scope not in self.scopes and "admin" not in self.scopes:
            raise ForbiddenError(
                f"This key pair may not '{scope}'; make one with `evenhand keys create NAME --for {self.dialect} "
                f"--scope check --scope {scope}`."
            )

    async def json(self) -> dict[str, Any]:
        """Read the body.

        Raises:
            InputError: it is no JSON object.
        """
        sent = await self.request.body()
        try:
            body = orjson.loads(sent)
        except orjson.JSONDecodeError as error:
            try:  # JavaScript writes half a surrogate pair as an escape, which only the slower parser takes
                body = json.loads(sent)
            except (ValueError, RecursionError):
                raise InputError(f"The body is not JSON ({error}).") from error
        if not isinstance(body, dict):
            raise InputError("The body must be a JSON object.")
        return body

    async def check(self, content: Content, *, service: str | None = None, record: bool = True) -> Result:
        """Check one content with all scores, on the dialect's business line.

        What is said to be a picture and is none, a web page in its place above all, is refused: read as a text it would
        pass for a clean picture.

        Args:
            content: it gets `dialect` into its context, for policies that tell callers apart.
            service: see `line`.
            record: False where the caller forbids to keep anything.

        Raises:
            EvenhandError: as `AsyncModerator.check`.
            UnsupportedError: it was said to be a picture, and is none.
        """
        result = await self.state.moderator.check(self._marked(content), options=self._options(service, record))
        if error := _no_picture(content, result):
            raise error
        return result

    async def check_many(
        self, contents: Sequence[Content], *, service: str | None = None, record: bool = True
    ) -> list[Result | ItemError]:
        """Check contents together; one that cannot be read gives an ItemError in its place. Otherwise as `check`."""
        marked = [self._marked(content) for content in contents]
        results = await self.state.moderator.check_batch(marked, options=self._options(service, record))
        return [_unless_other(content, result) for content, result in zip(contents, results, strict=True)]

    async def decision(self, decision_id: str) -> Mapping[str, Any]:
        """Give the result document of an earlier decision for the same caller.

        Raises:
            NotFoundError: there is none with that id, or it is another caller's.
            StoreError: the database refused or cannot be reached.
        """
        log = self.state.store.log

        def read() -> Mapping[str, Any]:
            if log.caller(decision_id) != self.key_id:
                raise NotFoundError(f"no decision of yours has the id {decision_id[:80]!r}")
            return log.get(decision_id)

        return await asyncio.to_thread(read)

    async def once(self, work: Callable[[], Awaitable[Response]]) -> Response:
        """Do `work`, or give the earlier answer to the same `Idempotency-Key`; see `idempotency.once`."""
        return await once(self.request, self.state.store, self.key_id, work)

    def reply(
        self,
        document: Any,
        results: Iterable[Result | ItemError] = (),
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        media_type: str = "application/json",
    ) -> Response:
        """Answer, with the ids of the decisions in `X-Decision-Id`, parted by commas, in the order of the contents.

        Args:
            document: anything that is JSON.
            results: what the answer rests on; those that were not recorded are to be left out.
            status: HTTP status.
            headers: further headers.
            media_type: of the answer.
        """
        ids = [result.decision_id for result in results if isinstance(result, Result)]
        told = {DECISION_HEADER: ", ".join(ids[:_MOST_IDS])} if ids else {}
        return Response(orjson.dumps(document), status, headers={**(headers or {}), **told}, media_type=media_type)

    def _marked(self, content: Content) -> Content:
        return replace(content, context={"dialect": self.dialect, **content.context})

    def _options(self, service: str | None, record: bool) -> Options:
        return Options(line=self.line(service), all_scores=True, record=record, caller=self.key_id)


async def admit(request: Request, dialect: str, *, token: str | None, how: str, scope: str = "check") -> Call:
    """Let in a request that carries an API key of evenhand in the vendor's place for one.

    Args:
        request: the request.
        dialect: name of the dialect.
        token: what was sent. Where no keys are needed, the vendor's own key, which clients insist on, is overlooked.
        how: where the vendor's clients put the key, for the message.
        scope: what the key must be good for.

    Raises:
        AuthError, ForbiddenError, RateLimitError: as the native API does.
    """
    state = state_of(request)
    if token is not None and not state.guard.required and not token.startswith(_TOKEN_START):
        token = None
    key_id = await state.guard.admit_token(request, token or None, scope, how=how, dialect=dialect)
    return Call(request, state, dialect, key_id)


async def admit_pair(request: Request, dialect: str, pair: DialectKey, *, scope: str = "check") -> Call:
    """Let in a request whose signature has been verified (see `signing`).

    Raises:
        ForbiddenError, RateLimitError: as the native API does.
    """
    state = state_of(request)
    return Call(request, state, dialect, state.guard.settle(request, pair.id, pair.scopes, scope), pair.scopes)


def _no_picture(content: Content, result: Result) -> UnsupportedError | None:
    if content.kind is not ContentKind.IMAGE or result.kind == ContentKind.IMAGE.value:
        return None
    return UnsupportedError(f"what was sent as a picture is of the kind {result.kind!r}; send a picture")


def _unless_other(content: Content, result: Result | ItemError) -> Result | ItemError:
    error = None if isinstance(result, ItemError) else _no_picture(content, result)
    if error is None:
        return result
    return ItemError(id=content.id, code=error.code, message=error.message, status=error.status)
