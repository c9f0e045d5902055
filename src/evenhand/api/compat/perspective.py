"""Google's Perspective API (Comment Analyzer v1alpha1): analyze, suggestscore and the discovery document."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import anyio.to_thread
import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Scope

from evenhand.api.auth import RateLimitError
from evenhand.api.compat import perspective_read as reading
from evenhand.api.compat.base import Dialect, under
from evenhand.api.compat.calls import Call, admit
from evenhand.api.compat.perspective_discovery import discovery
from evenhand.api.compat.perspective_map import score_map
from evenhand.api.compat.perspective_read import PerspectiveError, Wanted
from evenhand.api.compat.perspective_spans import sentences, utf16
from evenhand.api.compat.shadow import shadow_of
from evenhand.api.errors import Problem
from evenhand.api.state import state_of
from evenhand.domain import Content, Result, is_under
from evenhand.domain.attributes import (
    ATTRIBUTES,
    EXPERIMENTAL,
    canonical_attribute,
    experimental_attributes,
    perspective_attributes,
)
from evenhand.errors import AuthError, DetectorError, NotFoundError
from evenhand.store import Suggestion

NAME = "perspective"
_SERVICE = "commentanalyzer.googleapis.com"
_TYPE = "type.googleapis.com/google.commentanalyzer.v1alpha1.Error"
_HOW = "`?key=KEY` or the header X-Goog-Api-Key"
_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


async def _analyze(request: Request) -> Response:
    call = await _admitted(request)

    async def work() -> Response:
        body = reading.body_of(await request.body())
        comment = reading.read_comment(body, max_bytes=call.settings.perspective_max_bytes)
        wanted = reading.read_wanted(body)
        if comment.languages:
            reading.check_languages(wanted, comment.languages, requested=True)
        content = Content(
            text=comment.text,
            language=comment.languages[0] if comment.languages else None,
            conversation=comment.conversation,
            context=_said(comment),
            keep=not reading.flag(body, "doNotStore"),
        )
        result = await call.check(content, service=comment.community)
        detected = [reading.plain_language(tag) for tag in result.languages] or ["und"]
        if not comment.languages:
            reading.check_languages(wanted, detected, requested=False)
        spans = [(0, len(comment.text))]
        parts: Sequence[Result] = [result]
        if reading.flag(body, "spanAnnotations"):
            spans = sentences(comment.text) or spans
            parts = await _each(call, content, spans, result)
        document: dict[str, Any] = {
            "attributeScores": _scores(call, wanted, result, parts, utf16(comment.text, spans)),
            "languages": list(comment.languages) or detected,
            "detectedLanguages": detected,
        }
        if comment.token is not None:
            document["clientToken"] = comment.token
        _ask_old_vendor(call, body, result, document)
        version = score_map(result.models.get("text.harm")).version
        return call.reply(document, [result], headers={"x-score-map": version})

    return await call.once(work)


def _ask_old_vendor(call: Call, body: Mapping[str, Any], result: Result, document: Mapping[str, Any]) -> None:
    """Send the request to Perspective as well, where the operator wants both compared."""
    shadow = shadow_of(call.request)
    if not shadow.wants(NAME):
        return

    async def ask(client: httpx.AsyncClient, url: str, key: str) -> Mapping[str, float]:
        answer = await client.post(f"{url}/v1alpha1/comments:analyze", params={"key": key}, json=body)
        answer.raise_for_status()
        return _summaries(answer.json())

    shadow.send(NAME, result.decision_id, _summaries(document), ask)


def _summaries(document: Mapping[str, Any]) -> dict[str, float]:
    return {
        name: float(scores["summaryScore"]["value"])
        for name, scores in document["attributeScores"].items()
        if "summaryScore" in scores
    }


async def _suggest(request: Request) -> Response:
    call = await _admitted(request)

    async def work() -> Response:
        body = reading.body_of(await request.body())
        comment = reading.read_comment(body, max_bytes=call.settings.perspective_max_bytes)
        scores = reading.read_suggested(body)
        suggestion = Suggestion(
            dialect=NAME,
            content_hash="sha256:" + hashlib.sha256(comment.text.encode(errors="surrogatepass")).hexdigest(),
            scores=scores,
            labels=_labels(scores),
            details={**_said(comment), "languages": list(comment.languages), "client_token": comment.token},
            key_id=call.key_id,
        )
        await anyio.to_thread.run_sync(call.state.store.suggestions.add, suggestion)
        answer: dict[str, Any] = {} if comment.token is None else {"clientToken": comment.token}
        if comment.languages:
            answer["requestedLanguages"] = list(comment.languages)
        return call.reply(answer)

    return await call.once(work)


async def _discover(request: Request) -> Response:
    version = request.query_params.get("version", "v1alpha1")
    if version != "v1alpha1":
        raise NotFoundError(f"There is no version {version[:100]!r} of this API; there is v1alpha1.")
    settings = state_of(request).moderator.settings
    root = settings.public_url or f"{request.url.scheme}://{request.headers.get('host', 'localhost')}"
    return JSONResponse(discovery(root.rstrip("/") + "/"))


async def _admitted(request: Request) -> Call:
    header = request.headers.get("authorization", "")
    bearer = header[7:].strip() if header[:7].lower() == "bearer " else None
    token = request.query_params.get("key") or request.headers.get("x-goog-api-key") or bearer
    return await admit(request, NAME, token=token, how=_HOW)


def _said(comment: reading.Comment) -> dict[str, Any]:
    return {
        name: value
        for name, value in (("community_id", comment.community), ("session_id", comment.session))
        if value is not None
    }


async def _each(call: Call, content: Content, spans: Sequence[tuple[int, int]], whole: Result) -> Sequence[Result]:
    """Check each sentence by itself, unrecorded: they are evidence for the whole, not decisions."""
    text = content.text or ""
    if len(spans) == 1:
        return [whole]
    pieces = [replace(content, text=text[start:end], keep=False) for start, end in spans]
    answers = await call.check_many(pieces, record=False)
    return [answer for answer in answers if isinstance(answer, Result)]


def _scores(
    call: Call, wanted: Sequence[Wanted], whole: Result, parts: Sequence[Result], spans: Sequence[tuple[int, int]]
) -> dict[str, Any]:
    summary = _attributes(call, whole, wanted)
    each = [summary if part is whole else _attributes(call, part, wanted) for part in parts]
    out: dict[str, Any] = {}
    for one in wanted:
        least = one.threshold if one.threshold is not None else 0.0
        told = [
            {"begin": begin, "end": end, "score": _score(scores[one.attribute])}
            for (begin, end), scores in zip(spans, each, strict=True)
            if scores[one.attribute] >= least
        ]
        entry: dict[str, Any] = {"spanScores": told} if told else {}
        if summary[one.attribute] >= least:
            entry["summaryScore"] = _score(summary[one.attribute])
        if entry:
            out[one.name] = entry
    return out


def _attributes(call: Call, result: Result, wanted: Sequence[Wanted]) -> Mapping[str, float]:
    """Give the attributes on Perspective's scale.

    Raises:
        DetectorError: a detector that they rest on gave no answer; no answer must never read as a low score.
    """
    scores = perspective_attributes(result.labels) | experimental_attributes(result.labels)
    missing = [one.name for one in wanted if not _looked_for(one.attribute, result.labels)]
    if missing or (result.incomplete and _rest_on(call, result.incomplete)):
        if call.settings.dialect_incomplete == "worst":
            return {one.attribute: 1.0 for one in wanted}
        why = "; ".join(f"{name}: {reason}" for name, reason in result.incomplete.items()) or ", ".join(missing)
        raise DetectorError(f"The comment could not be scored: {why or 'no detector gives these attributes here'}.")
    curves = score_map(result.models.get("text.harm"))
    return {name: curves.to_theirs(name, score) for name, score in scores.items()}


def _looked_for(attribute: str, labels: Mapping[str, float]) -> bool:
    """Say whether something that ran looks for everything that an attribute means, not only for a part of it."""
    tops = {**ATTRIBUTES, **EXPERIMENTAL}.get(attribute) or {top for tops in ATTRIBUTES.values() for top in tops}
    return all(any(is_under(label, top) for label in labels) for top in tops)


def _rest_on(call: Call, incomplete: Mapping[str, str]) -> bool:
    """Say whether attributes rest on a detector that gave no answer."""
    tops = {label for labels in (*ATTRIBUTES.values(), *EXPERIMENTAL.values()) for label in labels}
    known: Mapping[str, Sequence[str]] = {
        entry["name"]: entry.get("labels", ()) for entry in call.state.moderator.detectors()
    }
    # What could not be built says nothing of its labels, and what is no detector (a step before them) stands for all.
    return any(
        not known.get(name) or any(is_under(label, top) for label in known[name] for top in tops) for name in incomplete
    )


def _score(value: float) -> dict[str, Any]:
    return {"value": round(value, 8), "type": "PROBABILITY"}


def _labels(scores: Mapping[str, float]) -> dict[str, float]:
    """Give suggested scores by label: an attribute speaks for the first label that means it."""
    out: dict[str, float] = {}
    for name, score in scores.items():
        meant = {**ATTRIBUTES, **EXPERIMENTAL}.get(canonical_attribute(name) or "")
        if meant is not None:
            out[meant[0]] = max(score, out.get(meant[0], 0.0))
    return out


def _shape(problem: Problem, scope: Scope) -> Response:
    """Give a problem as google.rpc.Status in JSON."""
    status, message, details = problem.status, problem.message, list[dict[str, Any]]()
    error = problem.error
    if isinstance(error, PerspectiveError):
        if error.error_type is not None:
            details.append({"@type": _TYPE, "errorType": error.error_type, **error.more})
    elif isinstance(error, RateLimitError):
        message = f"Quota exceeded for quota metric 'Analysis requests' of service '{_SERVICE}'. {message}"
        details.append(_info("RATE_LIMIT_EXCEEDED"))
    elif isinstance(error, AuthError):
        # Word for word: clients look for these sentences. What our own error says would be lost on them.
        if _sent_key(scope):
            status, message = 400, "API key not valid. Please pass a valid API key."
            details.append(_info("API_KEY_INVALID"))
        else:
            status = 403
            message = (
                "Method doesn't allow unregistered callers (callers without established identity). Please use API Key "
                "or other form of API consumer identity to call this API."
            )
    elif isinstance(error, DetectorError):
        status = 503
    elif status in (405, 415, 422):
        status = 404 if status == 405 else 400
    body: dict[str, Any] = {"code": status, "message": message, "status": _STATUS.get(status, "UNKNOWN")}
    if details:
        body["details"] = details
    headers = {name: value for name, value in problem.headers.items() if name.lower() == "retry-after"}
    return JSONResponse({"error": body}, status, headers=headers)


def _info(reason: str) -> dict[str, Any]:
    return {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": "googleapis.com",
        "metadata": {"service": _SERVICE},
    }


def _sent_key(scope: Scope) -> bool:
    request = Request(scope)
    return bool(
        request.query_params.get("key") or request.headers.get("x-goog-api-key") or request.headers.get("authorization")
    )


DIALECT = Dialect(
    name=NAME,
    title="Perspective API (Comment Analyzer v1alpha1)",
    routes=(
        Route("/v1alpha1/comments:analyze", _analyze, methods=["POST"]),
        Route("/v1alpha1/comments:suggestscore", _suggest, methods=["POST"]),
        Route("/$discovery/rest", _discover, methods=["GET"]),
    ),
    claims=under("/v1alpha1/comments:", "/$discovery/"),
    shape=_shape,
)
