"""What Rekognition's operations share: a picture is checked, and no answer is given that nothing stands behind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from starlette.responses import Response

from evenhand.api.compat.aws_errors import MEDIA_TYPE, AwsError, request_headers
from evenhand.api.compat.calls import Call
from evenhand.api.compat.rekognition_input import picture
from evenhand.domain import Content, ContentKind, PartKind, Result


async def checked(
    call: Call, body: Mapping[str, Any], service: str, *, answers: Callable[[str], bool] | None
) -> Result:
    """Check the picture of a request.

    Args:
        call: the request.
        body: its body.
        service: operation, which may have a business line of its own.
        answers: says of a label whether the answer rests on it; None: it rests on no label.

    Raises:
        AwsError: there is no picture, or what the answer rests on did not look at it: that never reads as clean.
    """
    data = await asyncio.to_thread(picture, body, call.settings)
    result = await call.check(Content(data=data, kind=ContentKind.IMAGE), service=service)
    if answers is None:
        return result
    able = looking(call, answers)
    if missing := {name: why for name, why in result.incomplete.items() if name in able}:
        raise no_answer(missing)
    if not able & set(result.models):
        raise switched_off()
    return result


def looking(call: Call, answers: Callable[[str], bool]) -> set[str]:
    """Give the names of the detectors of pictures that an answer rests on.

    Args:
        call: the request.
        answers: says of a label whether the answer rests on it.
    """
    # One that could not be built says nothing of its labels, and counts.
    return {
        slot.name
        for slot in call.state.moderator.registry.slots([PartKind.IMAGE])
        if slot.detector is None or any(answers(label) for label in slot.detector.info.labels)
    }


def no_answer(missing: Mapping[str, str]) -> AwsError:
    """Make the error for what did not look: it never reads as clean."""
    names = "; ".join(f"{name}: {why}" for name, why in missing.items())
    return AwsError("InternalServerError", f"Not all that the answer rests on could look at the picture ({names}).")


def switched_off() -> AwsError:
    """Make the error for what the operator has switched off."""
    return AwsError(
        "AccessDeniedException",
        "What this operation needs is switched off here (EVENHAND_DISABLED_DETECTORS, or `skip` of the business line).",
    )


def reply(
    call: Call,
    document: Mapping[str, Any],
    results: Sequence[Result] = (),
    *,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer as the vendor does."""
    return call.reply(document, results, headers={**request_headers(), **(headers or {})}, media_type=MEDIA_TYPE)
