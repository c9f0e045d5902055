"""The discovery document: what Google's clients in every language build themselves from."""

from __future__ import annotations

from typing import Any

_SCORE_TYPES = ["SCORE_TYPE_UNSPECIFIED", "PROBABILITY", "STD_DEV_SCORE", "PERCENTILE", "RAW"]
_TEXT_TYPES = ["TEXT_TYPE_UNSPECIFIED", "PLAIN_TEXT", "HTML"]
_Field = dict[str, Any]


def discovery(root: str) -> dict[str, Any]:
    """Give the document.

    Args:
        root: address of this server, with a slash at its end; clients send their requests there.
    """
    return {
        "kind": "discovery#restDescription",
        "discoveryVersion": "v1",
        "id": "commentanalyzer:v1alpha1",
        "name": "commentanalyzer",
        "version": "v1alpha1",
        "revision": "20261123",
        "title": "Perspective Comment Analyzer API",
        "description": "Scores comments. This server speaks the protocol of the Perspective API; it is not Google's.",
        "ownerDomain": "",
        "ownerName": "evenhand",
        "protocol": "rest",
        "rootUrl": root,
        "baseUrl": root,
        "servicePath": "",
        "basePath": "",
        "batchPath": "batch",
        "version_module": True,
        "fullyEncodeReservedExpansion": True,
        "parameters": _PARAMETERS,
        "schemas": {name: {"id": name, "type": "object", "properties": fields} for name, fields in _SCHEMAS.items()},
        "resources": {
            "comments": {
                "methods": {
                    "analyze": _method("analyze", "Scores a comment.", "AnalyzeComment"),
                    "suggestscore": _method(
                        "suggestscore", "Suggests the scores that a comment should have.", "SuggestCommentScore"
                    ),
                }
            }
        },
    }


def _method(name: str, description: str, message: str) -> dict[str, Any]:
    return {
        "id": f"commentanalyzer.comments.{name}",
        "path": f"v1alpha1/comments:{name}",
        "flatPath": f"v1alpha1/comments:{name}",
        "httpMethod": "POST",
        "description": description,
        "parameters": {},
        "parameterOrder": [],
        "request": {"$ref": f"{message}Request"},
        "response": {"$ref": f"{message}Response"},
    }


def _query(description: str, **more: Any) -> _Field:
    return {"location": "query", "type": "string", "description": description, **more}


def _ref(name: str, description: str = "") -> _Field:
    return {"$ref": name, **({"description": description} if description else {})}


def _string(description: str, **more: Any) -> _Field:
    return {"type": "string", "description": description, **more}


def _array(items: _Field, description: str) -> _Field:
    return {"type": "array", "items": items, "description": description}


def _table(values: _Field, description: str) -> _Field:
    return {"type": "object", "additionalProperties": values, "description": description}


def _number(description: str) -> _Field:
    return {"type": "number", "format": "float", "description": description}


def _integer(description: str) -> _Field:
    return {"type": "integer", "format": "int32", "description": description}


_PARAMETERS: dict[str, _Field] = {
    "key": _query("An API key of this server."),
    "alt": _query("Format of the answer.", default="json", enum=["json"], enumDescriptions=["JSON."]),
    "access_token": _query("Not used; send a key."),
    "fields": _query("Accepted and not used: answers are whole."),
    "prettyPrint": {
        "location": "query",
        "type": "boolean",
        "default": "true",
        "description": "Accepted and not used.",
    },
    "quotaUser": _query("Accepted and not used."),
    "oauth_token": _query("Not used; send a key."),
    "uploadType": _query("Not used."),
    "upload_protocol": _query("Not used."),
    "callback": _query("Not used."),
    "$.xgafv": _query("Accepted and not used.", enum=["1", "2"], enumDescriptions=["v1", "v2"]),
}
_LANGUAGES = _array({"type": "string"}, "Languages of the comment; none: detected.")
_TOKEN = _string("Given back unchanged.")
_SCORE_TABLE = _table(_ref("AttributeScores"), "Scores by name of the attribute.")
_SCHEMAS: dict[str, dict[str, _Field]] = {
    "AnalyzeCommentRequest": {
        "comment": _ref("TextEntry", "The comment."),
        "context": _ref("Context", "What was said before it."),
        "requestedAttributes": _table(_ref("AttributeParameters"), "Attributes to score, by name."),
        "languages": _LANGUAGES,
        "doNotStore": {"type": "boolean", "description": "Keep neither the comment nor its context."},
        "clientToken": _TOKEN,
        "sessionId": _string("Joins requests of one session."),
        "communityId": _string("Whose rules decide, where the operator has bound communities to business lines."),
        "spanAnnotations": {"type": "boolean", "description": "Score each sentence too."},
    },
    "AnalyzeCommentResponse": {
        "attributeScores": _SCORE_TABLE,
        "languages": _array({"type": "string"}, "Languages requested, or else detected."),
        "detectedLanguages": _array({"type": "string"}, "Languages detected."),
        "clientToken": _TOKEN,
    },
    "SuggestCommentScoreRequest": {
        "comment": _ref("TextEntry", "The comment."),
        "context": _ref("Context", "What was said before it."),
        "attributeScores": _SCORE_TABLE,
        "languages": _LANGUAGES,
        "communityId": _string("Whose view it is."),
        "clientToken": _TOKEN,
        "sessionId": _string("Joins requests of one session."),
    },
    "SuggestCommentScoreResponse": {
        "clientToken": _TOKEN,
        "requestedLanguages": _array({"type": "string"}, "Languages named in the request."),
        "detectedLanguages": _array({"type": "string"}, "Languages detected."),
    },
    "TextEntry": {
        "text": _string("The text, UTF-8."),
        "type": _string("Only PLAIN_TEXT is answered.", enum=_TEXT_TYPES, enumDescriptions=["", "Text.", "Refused."]),
    },
    "Context": {
        "entries": _array(_ref("TextEntry"), "Messages before the comment, oldest first."),
        "articleAndParentComment": _ref("ArticleAndParentComment", "Instead of entries."),
    },
    "ArticleAndParentComment": {
        "article": _ref("TextEntry", "The article commented on."),
        "parentComment": _ref("TextEntry", "The comment answered."),
    },
    "AttributeParameters": {
        "scoreType": _string("Only PROBABILITY is answered.", enum=_SCORE_TYPES, enumDescriptions=[""] * 5),
        "scoreThreshold": _number("Scores below it are not told."),
    },
    "AttributeScores": {
        "summaryScore": _ref("Score", "Of the whole comment."),
        "spanScores": _array(_ref("SpanScore"), "Of its parts."),
    },
    "SpanScore": {
        "begin": _integer("First UTF-16 code unit of the span."),
        "end": _integer("UTF-16 code unit after its last."),
        "score": _ref("Score"),
    },
    "Score": {
        "value": _number("From 0 to 1."),
        "type": _string("Of the value.", enum=_SCORE_TYPES, enumDescriptions=[""] * 5),
    },
}
