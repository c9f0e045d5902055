"""Cloud Natural Language: `documents:moderateText` of versions 1 and 2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anyio.to_thread
from starlette.responses import Response

from evenhand.api.compat.calls import Call
from evenhand.api.compat.categories import Category, unanswered
from evenhand.api.compat.google import fields, html, objects, shadow
from evenhand.api.compat.google.categories import CATEGORIES, LISTED
from evenhand.api.compat.google.errors import GoogleError
from evenhand.api.compat.perspective_read import plain_language
from evenhand.domain import Action, Content, Result
from evenhand.domain.attributes import LANGUAGES
from evenhand.errors import InputError
from evenhand.policy import decide

SERVICE = "documents:moderateText"
_TYPES = ("TYPE_UNSPECIFIED", "PLAIN_TEXT", "HTML")
_VERSIONS = ("MODEL_VERSION_UNSPECIFIED", "MODEL_VERSION_1", "MODEL_VERSION_2")
_UNKNOWN = "und"
_WHITE = "known.white"
# What the business line makes of a category alone: the vendor says how bad a text is, and so does a policy.
SEVERITY: Mapping[Action, float] = {Action.PASS: 0.0, Action.MARK: 0.3, Action.REVIEW: 0.6, Action.BLOCK: 0.9}


async def moderate_text(call: Call, *, second: bool) -> Response:
    """Answer moderateText.

    Args:
        call: the request.
        second: version 2 is spoken.

    Raises:
        GoogleError: the document cannot be used, or version 1 is asked about a language that is not spoken.
        IncompleteError: a detector that the answer rests on gave none.
    """
    body = fields.body_of(await call.request.body())
    document = fields.message(body, "document")
    language = fields.text(document, "languageCode" if second else "language", where="document.")
    kind = "google.cloud.language.v2.ModerateTextRequest.ModelVersion"
    version = fields.choice(body, "modelVersion", _VERSIONS, kind=kind) if second else _VERSIONS[0]
    text = await anyio.to_thread.run_sync(_text, document, call)
    result = await call.check(Content(text=text, language=language or None), service=SERVICE)
    code = language or (plain_language(result.languages[0]) if result.languages else _UNKNOWN)
    spoken = plain_language(code) in LANGUAGES
    if not (second or spoken or code == _UNKNOWN):
        raise GoogleError(f"The language {code[:40]} is not supported for document_moderation analysis.")
    answer: dict[str, Any] = {"moderationCategories": _categories(call, result, severities=version == _VERSIONS[2])}
    if second:
        answer |= {"languageCode": code, "languageSupported": spoken}
    shadow.texts(call, body, "v2" if second else "v1", result, answer)
    return call.reply(answer, [result])


def _text(document: Mapping[str, Any], call: Call) -> str:
    """Give the text of a document. It may read a file, and take a while: call it from a thread."""
    kind = fields.choice(document, "type", _TYPES, kind="google.cloud.language.v1.Document.Type", where="document.")
    if kind == _TYPES[0]:
        raise GoogleError("Document type must be PLAIN_TEXT or HTML.", field="document.type")
    text = fields.text(document, "content", where="document.")
    address = fields.text(document, "gcsContentUri", where="document.")
    if bool(text) == bool(address):
        raise GoogleError("Exactly one of content and gcs_content_uri must be set.", field="document")
    if address:
        if not address.startswith(objects.SCHEME):
            raise GoogleError("gcs_content_uri must be gs://bucket/name.", field="document.gcs_content_uri")
        try:
            text = objects.read(address, call.settings).decode("utf-8")
        except UnicodeDecodeError:
            raise GoogleError("The document is not encoded in UTF-8.", field="document.gcs_content_uri") from None
        except InputError as error:
            raise GoogleError(error.message, field="document.gcs_content_uri") from error
    return html.plain(text) if kind == "HTML" else text


def _categories(call: Call, result: Result, *, severities: bool) -> list[dict[str, Any]]:
    """Give the categories that a detector here can speak for."""
    worst = unanswered(call, [result], CATEGORIES, besides=(LISTED,))
    out: list[dict[str, Any]] = []
    for category in CATEGORIES:
        score = category.score(result.labels)
        if category.name == LISTED.name:
            listed = LISTED.score(result.labels) or 0.0
            score = max(score or 0.0, listed) if listed else score
        if category.name in worst:
            score = 1.0
        if score is None:
            continue
        row: dict[str, Any] = {"name": category.name, "confidence": round(score, 6)}
        if severities:
            row["severity"] = SEVERITY[Action.BLOCK if category.name in worst else _outcome(call, result, category)]
        out.append(row)
    return out


def _outcome(call: Call, result: Result, category: Category) -> Action:
    """Give what the business line makes of the findings of one category alone, and of the operator's white list."""

    def meant(label: str) -> bool:
        return category.takes(label) or (category.name == LISTED.name and LISTED.takes(label))

    if not any(meant(one.label) for one in result.findings):
        return Action.PASS
    return decide(
        call.state.moderator.policy,
        call.line(SERVICE),
        findings=[one for one in result.findings if meant(one.label) or one.label == _WHITE],
        context={"dialect": call.dialect},
        kind=result.kind,
        languages=result.languages,
    ).action
