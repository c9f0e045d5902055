"""Objects of Cloud Storage, `gs://bucket/name`: files in the folders of EVENHAND_S3_BUCKETS."""

from __future__ import annotations

from evenhand.api.compat.aws_errors import AwsError
from evenhand.api.compat.google.errors import GoogleError
from evenhand.api.compat.rekognition_input import stored
from evenhand.contents import read_file
from evenhand.settings import Settings

SCHEME = "gs://"


def read(address: str, settings: Settings) -> bytes:
    """Read an object. It reads a file: call it from a thread.

    Args:
        address: `gs://bucket/name`.
        settings: the buckets, and the largest file.

    Raises:
        GoogleError: there is no such bucket or object.
        TooLargeError: it is over EVENHAND_MAX_FILE_BYTES.
    """
    bucket, _, name = address.removeprefix(SCHEME).partition("/")
    if not bucket or not name:
        raise GoogleError(f"Invalid Cloud Storage address: it must be {SCHEME}bucket/name.")
    try:
        file = stored({"Bucket": bucket, "Name": name}, settings)
    except AwsError as error:
        why = error.message.rpartition(": ")[2]
        raise GoogleError(f"Error opening file: {address[:200]} ({why})", name="NOT_FOUND") from error
    return read_file(file, settings.max_file_bytes)
