"""AWS A2I's runtime (2019-11-07, REST JSON) onto the review queues: a loop is a review item with a caller's name.

`DetectModerationLabels` with a `HumanLoopConfig` starts a loop where the policy asks for a person; `StartHumanLoop`
asks for one in any case. What reviewers say is given where `HumanLoopOutput` points: an address of this server, read
with an API key, or with EVENHAND_HUMAN_LOOPS_OUTPUT a file in the folder of a bucket.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import os
import re
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from starlette.responses import Response

from evenhand.api.compat.aws_errors import AwsError, request_headers
from evenhand.api.compat.calls import Call
from evenhand.api.compat.rekognition_fields import read_body, structure, text
from evenhand.api.compat.rekognition_input import picture
from evenhand.domain import Action, Content, ContentKind, Result
from evenhand.errors import ConflictError, EvenhandError, NotFoundError
from evenhand.review.asked import for_people
from evenhand.settings import Settings
from evenhand.store.humanloops import HumanLoop
from evenhand.store.recorder import StoreRecorder

PATH = "/human-loops"
_NAME = r"[a-z0-9](-*[a-z0-9])*"
_FLOW = r"arn:aws[a-z\-]*:sagemaker:[a-z0-9\-]*:[0-9]{12}:flow-definition/.*"
_MOST_INPUT = 3_145_728
_TASK = ("text", "taskObject", "image")  # members of InputContent that hold what is to be looked at, in this order


class Loop:
    """What a `HumanLoopConfig` or a `StartHumanLoop` asks for."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        name = text(document, "HumanLoopName", most=63, pattern=_NAME)
        flow = text(document, "FlowDefinitionArn", most=1024, pattern=_FLOW)
        if name is None or flow is None:
            raise AwsError("InvalidParameterException", "A human loop must have HumanLoopName and FlowDefinitionArn.")
        self.name, self.flow = name, flow
        structure(document, "DataAttributes")

    @property
    def arn(self) -> str:
        """Give the loop's own ARN, in the account and region of its flow definition."""
        return f"{self.flow.partition(':flow-definition/')[0]}:human-loop/{self.name}"

    @property
    def service(self) -> str:
        """Give the name of the flow definition, which may have a business line of its own."""
        return self.flow.partition(":flow-definition/")[2]


async def refuse_taken(call: Call, loop: Loop) -> None:
    """Refuse a name that is taken before anything is checked.

    Raises:
        AwsError: it is.
    """
    if await asyncio.to_thread(call.state.store.human_loops.known, call.key_id or "", loop.name):
        raise AwsError("InvalidParameterException", f"A human loop with the name {loop.name} exists already.")


async def activation(call: Call, loop: Loop, result: Result) -> dict[str, Any]:
    """Start a loop where the decision asks for a person; give `HumanLoopActivationOutput`.

    Raises:
        AwsError: the name was taken meanwhile.
    """
    asked = result.action is Action.REVIEW
    condition = {"ConditionType": "evenhand.decision", "ConditionParameters": {"rule": result.rule, "action": "review"}}
    shown = orjson.dumps({"Conditions": [{**condition, "EvaluationResult": asked}]}).decode()
    if not asked:
        return {"HumanLoopActivationReasons": [], "HumanLoopActivationConditionsEvaluationResults": shown}
    start = call.state.store.human_loops.start
    try:
        await asyncio.to_thread(start, call.key_id or "", loop.name, flow=loop.flow, decision_id=result.decision_id)
    except ConflictError as error:
        raise AwsError("InvalidParameterException", error.message) from error
    return {
        "HumanLoopArn": loop.arn,
        "HumanLoopActivationReasons": ["ConditionsEvaluation"],
        "HumanLoopActivationConditionsEvaluationResults": shown,
    }


async def serve(call: Call) -> Response:
    """Answer one request of A2I's runtime.

    Raises:
        AwsError: in the words of that service.
    """
    request = call.request
    rest = request.url.path.removeprefix(PATH).strip("/")
    try:
        if request.method == "POST" and rest in ("", "stop"):
            body = read_body(await request.body())
            return await (_stop(call, body) if rest else call.once(lambda: _start(call, body)))
        if request.method == "GET":
            return await (_describe(call, _named(rest)) if rest else _list(call))
        if request.method == "DELETE" and rest:
            await asyncio.to_thread(call.state.store.human_loops.forget, call.key_id or "", _named(rest))
            return _answer({})
    except NotFoundError as error:
        raise AwsError("ResourceNotFoundException", error.message) from error
    except AwsError as error:
        # This service's name for what the other calls an invalid parameter.
        kinds = {"InvalidParameterException", "SerializationException", "InvalidS3ObjectException"}
        raise AwsError("ValidationException" if error.kind in kinds else error.kind, error.message) from error
    raise AwsError("ValidationException", f"There is no {request.method} {request.url.path[:80]} here.")


async def _start(call: Call, body: Mapping[str, Any]) -> Response:
    loop = Loop(body)
    given = structure(body, "HumanLoopInput") or {}
    sent = text(given, "InputContent", most=_MOST_INPUT)
    if sent is None:
        raise AwsError("ValidationException", "HumanLoopInput must have InputContent.")
    content = await asyncio.to_thread(_content, sent, call.settings)
    if await asyncio.to_thread(call.state.store.human_loops.known, call.key_id or "", loop.name):
        raise _conflict(loop)
    try:
        checked = await call.check(content, service=loop.service, record=False)
    except EvenhandError as error:
        raise AwsError("ValidationException", f"InputContent: {error.message}") from error
    result = for_people(checked, f"The human loop {loop.name} asks for a person.")
    store = call.state.store
    records = StoreRecorder(store, call.settings).records([content], [result], key_id=call.key_id)
    start = store.human_loops.start
    try:
        await asyncio.to_thread(
            start, call.key_id or "", loop.name, flow=loop.flow, decision_id=result.decision_id, records=records
        )
    except ConflictError as error:
        raise _conflict(loop) from error
    return call.reply({"HumanLoopArn": loop.arn}, [result], headers=request_headers())


async def _stop(call: Call, body: Mapping[str, Any]) -> Response:
    name = text(body, "HumanLoopName", most=63, pattern=_NAME)
    if name is None:
        raise AwsError("ValidationException", "HumanLoopName is missing.")
    await asyncio.to_thread(call.state.store.human_loops.stop, call.key_id or "", name)
    return _answer({})


async def _describe(call: Call, name: str) -> Response:
    loop = await asyncio.to_thread(call.state.store.human_loops.get, call.key_id or "", name)
    prefix = loop.flow.partition(":flow-definition/")[0]
    document: dict[str, Any] = {**_summary(loop), "HumanLoopArn": f"{prefix}:human-loop/{loop.name}"}
    if loop.state == "Failed":
        document["FailureCode"] = "ValidationError"
    if loop.state == "Completed":
        document["HumanLoopOutput"] = {"OutputS3Uri": await asyncio.to_thread(_output, call, loop)}
    return _answer(document)


async def _list(call: Call) -> Response:
    query = call.request.query_params
    flow = text(query, "FlowDefinitionArn", most=1024, pattern=_FLOW)
    if flow is None:
        raise AwsError("ValidationException", "FlowDefinitionArn is missing.")
    most = query.get("MaxResults", "100")
    if not re.fullmatch(r"[1-9][0-9]?|100", most):
        raise AwsError("ValidationException", "MaxResults must be a number from 1 to 100.")
    order = text(query, "SortOrder", most=20, choices=("Ascending", "Descending")) or "Descending"
    found = await asyncio.to_thread(
        lambda: call.state.store.human_loops.page(
            call.key_id or "",
            flow=flow,
            after=_token(query.get("NextToken")),
            since=_moment(query, "CreationTimeAfter"),
            until=_moment(query, "CreationTimeBefore"),
            descending=order == "Descending",
            limit=int(most),
        )
    )
    document: dict[str, Any] = {"HumanLoopSummaries": [_summary(loop) for loop in found]}
    if len(found) == int(most):
        last = f"{found[-1].created_at.isoformat()} {found[-1].name}"
        document["NextToken"] = base64.urlsafe_b64encode(last.encode()).decode()
    return _answer(document)


def _content(sent: str, settings: Settings) -> Content:
    """Read what is to be looked at: a text, or a picture in a bucket."""
    try:
        given = orjson.loads(sent)
    except orjson.JSONDecodeError as error:
        raise AwsError("ValidationException", f"InputContent is not JSON ({error}).") from error
    found = next((given[name] for name in _TASK if isinstance(given, dict) and isinstance(given.get(name), str)), None)
    if not found:
        raise AwsError(
            "ValidationException",
            "InputContent must be a JSON object with what is to be looked at as a string in 'text', or as an S3 "
            "address (s3://bucket/name) of a picture in 'taskObject' or 'image'.",
        )
    place = re.fullmatch(r"s3://([^/]+)/(.+)", found)
    if place is None:
        return Content(text=found)
    asked = {"Image": {"S3Object": {"Bucket": place[1], "Name": place[2]}}}
    return Content(data=picture(asked, settings), kind=ContentKind.IMAGE)


def _output(call: Call, loop: HumanLoop) -> str:
    """Give where a completed loop's answer is, and write it there where that is a bucket's folder."""
    base = call.settings.public_url or str(call.request.base_url)
    place = call.settings.human_loops_output
    if place is None:
        return f"{base.rstrip('/')}/v1/decisions/{loop.decision_id}"
    bucket, _, prefix = place.partition("/")
    folder = Path(call.settings.s3_buckets[bucket]).expanduser()
    name = "/".join(part for part in (prefix.strip("/"), loop.name, "output.json") if part)
    document = {
        "flowDefinitionArn": loop.flow,
        "humanLoopName": loop.name,
        "humanAnswers": [
            {
                "acceptanceTime": loop.created_at,
                "submissionTime": loop.decided_at,
                "answerContent": loop.verdict,
            }
        ],
        "inputContent": {"decisionId": loop.decision_id},
    }
    _write(folder / name, orjson.dumps(document, option=orjson.OPT_INDENT_2))
    return f"s3://{bucket}/{name}"


def _write(path: Path, body: bytes) -> None:
    if path.exists():
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as part:
            part.write(body)
        os.replace(part.name, path)
    except OSError as error:
        raise AwsError(
            "InternalServerException", f"The answer could not be written into the bucket's folder ({error.strerror})."
        ) from error


def _summary(loop: HumanLoop) -> dict[str, Any]:
    document = {
        "HumanLoopName": loop.name,
        "HumanLoopStatus": loop.state,
        "CreationTime": loop.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "FlowDefinitionArn": loop.flow,
    }
    if loop.state == "Failed":
        document["FailureReason"] = "What it was about was deleted before anybody judged it."
    return document


def _named(rest: str) -> str:
    if not re.fullmatch(_NAME, rest) or len(rest) > 63:
        raise AwsError("ValidationException", f"HumanLoopName must fit {_NAME} and have at most 63 characters.")
    return rest


def _moment(query: Mapping[str, Any], name: str) -> datetime | None:
    value = query.get(name)
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise AwsError("ValidationException", f"{name} must be a time of ISO 8601.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _token(value: str | None) -> tuple[datetime, str] | None:
    if value is None:
        return None
    try:
        moment, _, name = base64.urlsafe_b64decode(value.encode()).decode().partition(" ")
        return datetime.fromisoformat(moment), name
    except (ValueError, binascii.Error) as error:
        raise AwsError("ValidationException", "NextToken is none of ours: give it as the page before did.") from error


def _answer(document: Mapping[str, Any]) -> Response:
    return Response(orjson.dumps(document), 200, headers=dict(request_headers()), media_type="application/json")


def _conflict(loop: Loop) -> AwsError:
    return AwsError("ConflictException", f"A human loop with the name {loop.name} exists already.")
