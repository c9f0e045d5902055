"""Pictures that a media file carries besides its tracks: cover art and attachments."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from evenhand.decode.base import Blob
from evenhand.decode.image import ImageDecoder
from evenhand.decode.sniff import sniff
from evenhand.domain import ImagePart
from evenhand.errors import InputError
from evenhand.settings import Settings

if TYPE_CHECKING:
    from av.container import InputContainer

_MOST = 8  # pictures that are looked at
_FAR = 4096  # packets read in search of them; readers give them first


def pictures(container: InputContainer, settings: Settings) -> tuple[list[ImagePart], list[str], dict[str, str]]:
    """Give the pictures, what people should know, and what could not be looked at.

    Args:
        container: just opened.
        settings: limits of pictures.
    """
    parts: list[ImagePart] = []
    notes: list[str] = []
    incomplete: dict[str, str] = {}
    found = _files(container)
    if len(found) > _MOST:
        incomplete["decode.picture"] = f"{len(found)} pictures are attached, {_MOST} of them were looked at"
    for data in found[:_MOST]:
        media = sniff(data[:4096])
        if media is None or not media.startswith("image/"):
            notes.append(f"an attachment of {len(data):,} bytes is no picture and was not looked at")
            continue
        if media not in ImageDecoder.media or len(data) > settings.max_file_bytes:
            incomplete["decode.picture"] = f"an attached picture ({media}) is not read"
            continue
        try:
            decoded = ImageDecoder().decode(Blob(data=data, media=media), settings)
        except InputError as error:
            incomplete["decode.picture"] = f"an attached picture cannot be read: {error.message}"
            continue
        parts += (replace(part) for part in decoded.parts if isinstance(part, ImagePart))
    return parts, notes, incomplete


def _files(container: InputContainer) -> list[bytes]:
    from av.stream import Disposition

    files: list[bytes] = []
    covers: list[Any] = []
    for stream in container.streams:
        if stream.type == "attachment":
            attached: Any = stream
            if attached.data:
                files.append(bytes(attached.data))
        elif stream.type == "video" and stream.disposition & Disposition.attached_pic:
            covers.append(stream)
    waiting = {stream.index for stream in covers}
    if not waiting:
        return files
    for number, packet in enumerate(container.demux(*covers)):
        if packet.size and packet.stream_index in waiting:
            files.append(bytes(packet))
            waiting.discard(packet.stream_index)
        if not waiting or number > _FAR:
            break
    return files
