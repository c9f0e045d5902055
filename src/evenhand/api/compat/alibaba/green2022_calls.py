"""Calls of version 2022-03-02: their parameters read, their answers begun."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.responses import Response

from evenhand.api.compat.alibaba import errors
from evenhand.api.compat.alibaba.errors import CodeError
from evenhand.api.compat.alibaba.signing import Signed
from evenhand.api.compat.calls import Call


class Asked:
    """One call of one action."""

    def __init__(self, call: Call, signed: Signed) -> None:
        self.call = call
        self.service = signed.parameters.get("Service", "")
        self.request_id = errors.new_request_id()
        self._signed, self._read = signed, dict[str, Any]()

    def plain(self, name: str) -> str:
        """Give a parameter of the action itself.

        Raises:
            CodeError: it is missing.
        """
        value = self._signed.parameters.get(name)
        if not value:
            raise CodeError(f"{name} is missing.")
        return value

    def parameters(self) -> dict[str, Any]:
        """Read ServiceParameters.

        Raises:
            CodeError: it is missing, or no JSON object.
        """
        if not self._read:
            try:
                found = orjson.loads(self.plain("ServiceParameters").encode())
            except (orjson.JSONDecodeError, UnicodeEncodeError) as error:
                raise CodeError(f"ServiceParameters is not JSON ({error}).") from error
            if not isinstance(found, dict):
                raise CodeError("ServiceParameters must be a JSON object.")
            self._read = found
        return self._read

    def named_service(self) -> str:
        """Give the service that the call names.

        Raises:
            CodeError: it names none.
        """
        return self.plain("Service")

    def said(self, **names: str) -> dict[str, str]:
        """Give back what the caller said about the content: name in the answer -> name in ServiceParameters."""
        body = self._read
        return {ours: body[theirs] for ours, theirs in names.items() if isinstance(body.get(theirs), str)}

    def reply(
        self, data: Mapping[str, Any] | None, results: Any = (), *, code: int = errors.OK, why: str = ""
    ) -> Response:
        """Answer. Actions for texts read `Message`, those for pictures `Msg`: both are there, with `why` in them."""
        word = f"{errors.word(code)}: {why}" if why else errors.word(code)
        body = {"RequestId": self.request_id, "Code": code, "Message": word, "Msg": word}
        if data is not None:
            body["Data"] = data
        return self.call.reply(body, results, headers={"x-acs-request-id": self.request_id})


def data_id(body: Mapping[str, Any]) -> str | None:
    """Give the caller's own id of a content.

    Raises:
        CodeError: it cannot be used.
    """
    value = body.get("dataId")
    if value is not None and (not isinstance(value, str) or len(value) > 1_024 or "\0" in value):
        raise CodeError("dataId must be a text of at most 1,024 characters.")
    return value
