"""Objects in buckets, which are folders on the server's machine (EVENHAND_S3_BUCKETS)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evenhand.api.compat.alibaba.errors import UNFETCHED, CodeError
from evenhand.api.compat.aws_errors import AwsError
from evenhand.api.compat.rekognition_input import stored
from evenhand.settings import Settings


def named(body: Mapping[str, Any]) -> bool:
    """Say whether ServiceParameters name an object instead of an address."""
    return bool(body.get("ossBucketName") or body.get("ossObjectName"))


def file_of(body: Mapping[str, Any], settings: Settings) -> Path:
    """Give the file of `ossBucketName` and `ossObjectName`; it looks at the disk.

    Raises:
        CodeError: there is no such bucket or object.
    """
    place = {"Bucket": body.get("ossBucketName"), "Name": body.get("ossObjectName")}
    try:
        return stored(place, settings)
    except AwsError as error:
        why = error.message.rpartition(": ")[2]
        raise CodeError(f"There is no such object here ({why})", number=UNFETCHED) from error
