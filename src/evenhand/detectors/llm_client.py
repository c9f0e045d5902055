"""Asking an OpenAI-compatible endpoint: bounded in time, tries, size and money.

The address comes from the operator's file alone: redirects are not followed, and neither proxies nor logins are taken
from the environment. No message holds words of the content, of the answer, or the key.
"""

from __future__ import annotations

import asyncio
import email.utils
import math
import os
import random
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Generic, Protocol, TypeVar

import httpx

from evenhand.detectors.llm_budget import Budget
from evenhand.detectors.llm_prompt import parse_json
from evenhand.detectors.models_schema import Endpoint
from evenhand.errors import DetectorError

_TRY_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_NO_SCHEMA = frozenset({400, 422, 501})  # what endpoints say that do not know structured output
_BACKOFF_S, _LONGEST_BACKOFF_S = 0.5, 8.0
_LONGEST_QUIET_S = 3600.0  # a Retry-After is believed up to an hour


class EndpointError(DetectorError):
    """A language model's endpoint did not answer as it should.

    idle: it certainly did no work, so that no tokens were used.
    """

    def __init__(self, message: str, *, idle: bool = False) -> None:
        super().__init__(message)
        self.idle = idle


class _AgainError(EndpointError):
    """What a further try may mend. after_s: seconds that the endpoint asked to wait."""

    def __init__(self, message: str, *, idle: bool = False, after_s: float | None = None) -> None:
        super().__init__(message, idle=idle)
        self.after_s = after_s


class _StatusError(EndpointError):
    """A status that a further try will not mend."""

    def __init__(self, status: int) -> None:
        hint = {401: "; is the key right?", 403: "; is the key right?", 404: "; are url and model right?"}
        super().__init__(f"the endpoint answered {status}{hint.get(status, '')}", idle=status < 500)
        self.status = status


Q_contra = TypeVar("Q_contra", contravariant=True)
Q = TypeVar("Q")
J = TypeVar("J")


class Form(Protocol[Q_contra, J]):
    """How one question is put into words, and how its answer is read."""

    def body(self, question: Q_contra, *, schema: bool) -> dict[str, Any]:
        """Give the body of a chat completion; `schema`: ask the endpoint to enforce the form of the answer."""
        ...

    def tokens(self, question: Q_contra) -> int:
        """Guess the tokens that are sent, on the high side."""
        ...

    def read(self, document: Any) -> dict[str, J]:
        """Read the judgement of every label out of the endpoint's answer; raises AnswerError."""
        ...


class LlmClient(Generic[Q, J]):
    """Asks for judgements; what it learns about the endpoint outlives a call.

    Args:
        entry: the endpoint and its limits.
        form: how a question is asked.
        key: the API key; None: no Authorization header.
    """

    def __init__(self, entry: Endpoint, *, form: Form[Q, J], key: str | None) -> None:
        self._entry, self._form, self._key = entry, form, key
        self._url = f"{entry.url.rstrip('/')}/chat/completions"
        self._budget = Budget(entry.budget)
        self._schema = entry.structured != "plain"
        self._quiet_until = 0.0  # monotonic; the endpoint asked to be left alone until then
        self._tls: ssl.SSLContext | None = None

    async def ask(self, questions: list[Q], *, within_s: float) -> list[dict[str, J] | DetectorError]:
        """Ask each question, some at a time.

        Args:
            questions: what to judge.
            within_s: seconds that everything together may take.

        Returns:
            For each question the judgement of every label, or why there is none.
        """
        deadline = time.monotonic() + within_s
        gate = asyncio.Semaphore(self._entry.concurrency)
        timeout = httpx.Timeout(self._entry.read_timeout_s, connect=self._entry.connect_timeout_s, pool=None)
        if self._tls is None and self._url.startswith("https:"):
            self._tls = httpx.create_ssl_context()
        # Without https no certificates are read, which takes longer than the call; such a context trusts nobody.
        tls = self._tls or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        async with httpx.AsyncClient(timeout=timeout, verify=tls, trust_env=False, follow_redirects=False) as http:
            return list(await asyncio.gather(*(self._one(http, gate, one, deadline) for one in questions)))

    async def _one(
        self, http: httpx.AsyncClient, gate: asyncio.Semaphore, question: Q, deadline: float
    ) -> dict[str, J] | DetectorError:
        try:
            async with asyncio.timeout(deadline - time.monotonic()), gate:
                return await self._with_retries(http, question, deadline)
        except TimeoutError:
            return EndpointError("the time for one call ended before the model answered")
        except DetectorError as error:
            return error
        except Exception as error:  # (one raised here would have every other question of the call asked again)
            return EndpointError(f"asking failed ({type(error).__name__})")

    async def _with_retries(self, http: httpx.AsyncClient, question: Q, deadline: float) -> dict[str, J]:
        for attempt in range(self._entry.retries + 1):
            await self._until_welcome(deadline)
            try:
                return await self._with_or_without_schema(http, question)
            except _AgainError as error:
                if error.after_s is not None:
                    self._quiet_until = max(self._quiet_until, time.monotonic() + error.after_s)
                if attempt == self._entry.retries:
                    tries = f" ({attempt + 1} tries)" if attempt else ""
                    raise EndpointError(f"{error.message}{tries}") from None
            pause = min(_LONGEST_BACKOFF_S, _BACKOFF_S * 2**attempt)
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311  (so that callers do not come back at once)
        raise EndpointError("the endpoint was never asked")  # pragma: no cover  (the last try returns or raises)

    async def _until_welcome(self, deadline: float) -> None:
        wait = self._quiet_until - time.monotonic()
        if wait > deadline - time.monotonic():
            raise EndpointError(f"the endpoint asked to be left alone for {wait:.0f} s more")
        if wait > 0:
            await asyncio.sleep(wait)

    async def _with_or_without_schema(self, http: httpx.AsyncClient, question: Q) -> dict[str, J]:
        if not self._schema:
            return await self._once(http, question, schema=False)
        try:
            return await self._once(http, question, schema=True)
        except _StatusError as error:
            if self._entry.structured == "schema" or error.status not in _NO_SCHEMA:
                raise
        judged = await self._once(http, question, schema=False)
        self._schema = False  # it was the schema: the same question without it was answered
        return judged

    async def _once(self, http: httpx.AsyncClient, question: Q, *, schema: bool) -> dict[str, J]:
        guess = self._form.tokens(question) + self._entry.max_output_tokens
        reservation = self._budget.reserve(guess)
        body = self._form.body(question, schema=schema)
        try:
            document = parse_json(await self._post(http, body))
        except EndpointError as error:
            if error.idle:
                self._budget.settle(reservation, used=0)
            raise
        self._budget.settle(reservation, used=_used(document, guess))
        return self._form.read(document)

    async def _post(self, http: httpx.AsyncClient, body: dict[str, Any]) -> bytes:
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        if self._key is not None:
            headers["Authorization"] = f"Bearer {self._key}"
        try:
            async with http.stream("POST", self._url, json=body, headers=headers) as answer:
                if answer.status_code != 200:
                    raise _refused(answer)
                if answer.headers.get("content-encoding", "identity") != "identity":
                    raise EndpointError("the endpoint sent a packed answer that was not asked for")
                read = bytearray()
                async for chunk in answer.aiter_raw():
                    read += chunk
                    if len(read) > self._entry.max_response_bytes:
                        raise EndpointError(f"the endpoint sent more than {self._entry.max_response_bytes} bytes")
                return bytes(read)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise _AgainError(f"the endpoint cannot be reached ({type(error).__name__})", idle=True) from None
        except httpx.TimeoutException as error:
            raise _AgainError(f"the endpoint did not answer in time ({type(error).__name__})") from None
        except httpx.HTTPError as error:
            raise _AgainError(f"the endpoint broke off ({type(error).__name__})") from None


def ask_all(client: LlmClient[Q, J], questions: list[Q], *, within_s: float) -> list[dict[str, J] | DetectorError]:
    """Ask from a worker thread, or from somebody's event loop: `LlmClient.ask` on a loop of its own."""

    def run() -> list[dict[str, J] | DetectorError]:
        return asyncio.run(client.ask(questions, within_s=within_s))

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return run()
    with ThreadPoolExecutor(1) as aside:  # where a loop runs, no other can
        return aside.submit(run).result()


def key_of(entry: Endpoint) -> str | None:
    """Give the endpoint's key out of the environment variable that the entry names; None: it names none.

    Raises:
        DetectorError: the variable is not set, or holds no key.
    """
    if entry.api_key_env is None:
        return None
    key = os.environ.get(entry.api_key_env, "").strip()
    if not key or not key.isascii() or not key.isprintable():
        raise DetectorError(f"{entry.detector}: put the endpoint's key into the variable {entry.api_key_env}.")
    return key


def _refused(answer: httpx.Response) -> EndpointError:
    if answer.status_code in _TRY_AGAIN:
        after = retry_after(answer.headers.get("retry-after"))
        idle = answer.status_code < 500
        return _AgainError(f"the endpoint answered {answer.status_code}", idle=idle, after_s=after)
    return _StatusError(answer.status_code)


def retry_after(value: str | None) -> float | None:
    """Read a Retry-After header (RFC 9110, 10.2.3), seconds or a date: seconds from now, at most an hour."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = email.utils.parsedate_to_datetime(value).timestamp() - time.time()
        except (ValueError, TypeError, OverflowError):
            return None
    return None if math.isnan(seconds) else min(max(seconds, 0.0), _LONGEST_QUIET_S)


def _used(document: Any, guess: int) -> int:
    """Give the tokens that the endpoint says it used, where it says so credibly."""
    usage = document.get("usage") if isinstance(document, dict) else None
    total = usage.get("total_tokens") if isinstance(usage, dict) else None
    return total if isinstance(total, int) and not isinstance(total, bool) and 0 < total < 10**9 else guess
