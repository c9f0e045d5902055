"""Pictures and videos as Rekognition's requests give them: bytes, or objects in buckets, which are folders here."""

from __future__ import annotations

import base64
import binascii
import os
import stat
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from evenhand.api.compat.aws_errors import AwsError, invalid
from evenhand.api.compat.rekognition_fields import structure, text
from evenhand.decode.formats.base import Limits
from evenhand.decode.formats.table import FORMATS
from evenhand.decode.sniff import sniff
from evenhand.errors import InputError, TooLargeError
from evenhand.settings import Settings

MOST_BYTES = 5_242_880  # of a picture in a request
MOST_OBJECT = 15 * 2**20  # of a picture in a bucket
LEAST_SIDE, MOST_SIDE = 80, 10_000  # px
_MEDIA = ("image/jpeg", "image/png")
_BUCKET = r"[0-9A-Za-z.\-_]*"


def picture(body: Mapping[str, Any], settings: Settings) -> bytes:
    """Give the picture of a request. It may read a file: call it from a thread.

    Args:
        body: of the request.
        settings: the buckets, and the limits on pictures.

    Raises:
        AwsError: there is none, it is no JPEG or PNG, too large, too small, or cannot be read.
    """
    image = structure(body, "Image")
    if image is None:
        raise invalid("1 validation error detected: Value null at 'image' failed to satisfy constraint: "
                      "Member must not be null")  # fmt: skip
    sent, place = image.get("Bytes"), structure(image, "S3Object")
    if (sent is None) == (place is None):
        raise invalid("Image must have either Bytes or S3Object.")
    data = _decoded(sent) if place is None else _read(stored(place, settings))
    media = sniff(data)
    if media not in _MEDIA:
        raise AwsError("InvalidImageFormatException", "Request has invalid image format: send a JPEG or PNG picture.")
    _check_sides(data, media, settings)
    return data


def stored(place: Mapping[str, Any], settings: Settings) -> Path:
    """Give the file of an S3Object: `Name` below the folder of `Bucket`, and nowhere else.

    Raises:
        AwsError: the bucket or the object is not there, or the name leads out of the folder.
    """
    bucket = text(place, "Bucket", least=3, most=255, pattern=_BUCKET)
    name = text(place, "Name", most=1024)
    version = text(place, "Version", most=1024)
    if bucket is None or name is None:
        raise invalid("S3Object must have Bucket and Name.")
    folder = settings.s3_buckets.get(bucket)
    if folder is None:
        raise _no_object(f"EVENHAND_S3_BUCKETS has no bucket {bucket}")
    if version is not None:
        raise _no_object("folders keep no versions of objects, so Version cannot be used")
    parts = name.split("/")
    if "\x00" in name or "\\" in name or {"", ".", ".."} & set(parts):
        raise _no_object("the name has empty parts, dots or other characters that no object here has")
    try:
        root = Path(folder).expanduser().resolve(strict=True)
        file = root.joinpath(*parts).resolve(strict=True)
        regular = stat.S_ISREG(file.stat().st_mode)
    except (OSError, RuntimeError, ValueError) as error:  # (loops of links, names too long)
        raise _no_object("there is no such object") from error
    if not regular or not file.is_relative_to(root):
        raise _no_object("there is no such object")
    return file


def _decoded(sent: object) -> bytes:
    if not isinstance(sent, str):
        raise AwsError("SerializationException", "Image.Bytes must be a string in base64.")
    if len(sent) * 3 // 4 - 2 > MOST_BYTES:  # before it is held twice
        raise _too_large(MOST_BYTES)
    try:
        data = base64.b64decode(sent, validate=True)
    except (binascii.Error, ValueError) as error:
        raise AwsError("SerializationException", f"Image.Bytes is not base64 ({error}).") from error
    if not data:
        raise invalid("1 validation error detected: Value at 'image.bytes' failed to satisfy constraint: "
                      "Member must have length greater than or equal to 1")  # fmt: skip
    if len(data) > MOST_BYTES:
        raise _too_large(MOST_BYTES)
    return data


def _read(file: Path) -> bytes:
    try:
        with file.open("rb", buffering=0) as opened:
            if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
                raise _no_object("there is no such object")
            data = bytearray()
            while len(data) <= MOST_OBJECT and (piece := opened.read(MOST_OBJECT + 1 - len(data))):
                data += piece
    except OSError as error:
        raise _no_object("the object cannot be read") from error
    if len(data) > MOST_OBJECT:
        raise _too_large(MOST_OBJECT)
    return bytes(data)


def _check_sides(data: bytes, media: str, settings: Settings) -> None:
    (entry,) = (entry for entry in FORMATS if entry.media == media)
    try:
        scanned = entry.scan(data, Limits.start(settings))
    except TooLargeError as error:
        raise AwsError("ImageTooLargeException", error.message) from error
    except InputError as error:
        raise AwsError("InvalidImageFormatException", error.message) from error
    except (IndexError, struct.error) as error:
        raise AwsError("InvalidImageFormatException", "Request has invalid image format: it is cut short.") from error
    sides = (scanned.width, scanned.height)
    if max(sides) > MOST_SIDE:
        raise AwsError(
            "ImageTooLargeException",
            f"Input image dimensions {sides[0]} x {sides[1]} exceed maximum dimension size of {MOST_SIDE} pixels",
        )
    if min(sides) < LEAST_SIDE:
        raise invalid(
            f"Request has invalid parameters: the image has {sides[0]} x {sides[1]} pixels, and each side must have "
            f"{LEAST_SIDE} or more."
        )


def _too_large(most: int) -> AwsError:
    return AwsError("ImageTooLargeException", f"The image is over {most} bytes; send a smaller one.")


def _no_object(why: str) -> AwsError:
    return AwsError(
        "InvalidS3ObjectException",
        f"Unable to get object metadata from S3. Check object key, region and/or access permissions: {why}.",
    )
