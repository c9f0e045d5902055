"""The decoders that ship, in order, and the one entrance to them.

A new kind of content is one more entry here; nothing else knows which kinds there are.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from evenhand.decode.base import Blob, Decoded, Decoder
from evenhand.decode.image import ImageDecoder
from evenhand.decode.media.decoder import MediaDecoder
from evenhand.decode.sniff import is_svg, sniff
from evenhand.decode.text import TextDecoder, decode_text
from evenhand.domain import Content, Message, Source, TextPart
from evenhand.errors import InputError, TooLargeError, UnsupportedError
from evenhand.settings import Settings

_MEDIA = MediaDecoder()
DECODERS: tuple[Decoder, ...] = (ImageDecoder(), TextDecoder(), _MEDIA)
_ALIASES = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/x-png": "image/png",
    "image/apng": "image/png",
    "image/x-ms-bmp": "image/bmp",
    "video/quicktime": "video/mp4",
    "video/x-m4v": "video/mp4",
    "video/3gpp": "video/mp4",
    "video/webm": "video/x-matroska",
    "audio/webm": "video/x-matroska",
    "audio/x-matroska": "video/x-matroska",
    "video/avi": "video/x-msvideo",
    "video/ogg": "audio/ogg",
    "audio/opus": "audio/ogg",
    "application/ogg": "audio/ogg",
    "audio/x-wav": "audio/wav",
    "audio/wave": "audio/wav",
    "audio/vnd.wave": "audio/wav",
    "audio/x-m4a": "audio/mp4",
    "audio/m4a": "audio/mp4",
    "audio/mp3": "audio/mpeg",
    "audio/x-flac": "audio/flac",
    "audio/aacp": "audio/aac",
    "audio/x-aiff": "audio/aiff",
}
_SEND = "send text, a JPEG, PNG, GIF, WebP, AVIF, BMP or TIFF picture, a video or a sound file"
_HEAD = 65_536
_WORD = {"application/zip": "a ZIP archive", "application/pdf": "a PDF document"}
# What a caller can do about pictures of kinds that are known and still not read.
_ADVICE = {
    "image/heic": "a HEIC picture, which no decoder that may be shipped reads; save it as JPEG, PNG or AVIF first "
    "(phones do so when they share it, or with the camera set to its most compatible format)",
    "image/svg+xml": "an SVG drawing, whose look is up to the program that draws it; send it drawn, as PNG, or declare "
    "text/plain to have only its words judged",
    "image/x-icon": "an icon file, which holds several pictures; send each of them as PNG",
    "image/jxl": "a JPEG XL picture, which is not read yet; save it as JPEG, PNG or AVIF first",
    "image/jp2": "a JPEG 2000 picture, which is not read; save it as JPEG, PNG or AVIF first",
    "image/x-bigtiff": "a BigTIFF, which is not read; save it as an ordinary TIFF, in parts where it is over 4 GB",
    "image/vnd.adobe.photoshop": "a Photoshop document, which is not read; export it as PNG or JPEG",
}


def decode(content: Content, settings: Settings) -> Decoded:
    """Take a content apart. Called from a worker thread: it may take seconds, and fetches where a URL is given.

    Args:
        content: text, bytes or URL; its kind and media type are hints that the bytes overrule.
        settings: the limits.

    Raises:
        TooLargeError: over a limit on bytes, characters, pixels, frames or time.
        UnsupportedError: nothing here reads it.
        FetchError: the URL could not, or may not, be fetched.
        InputError: it is damaged or cut short.
    """
    decoded = _decode(content, settings)
    return _after(decoded, content.conversation) if content.conversation else decoded


def _decode(content: Content, settings: Settings) -> Decoded:
    if content.text is not None:
        return decode_text(content.text, settings, language=content.language)
    if content.data is not None:
        return decode_bytes(content.data, content, settings)
    if content.path is not None:
        return decode_path(content.path, content, settings)
    from evenhand.decode.fetch import fetch  # here, so that texts and files need no HTTP client

    fetched = fetch(content.url or "", settings)
    return decode_bytes(fetched.data, replace(content, media_type=fetched.media_type), settings)


def _after(decoded: Decoded, conversation: tuple[Message, ...]) -> Decoded:
    """Tell the parts that are the caller's own text what was said before it."""
    parts = tuple(
        replace(part, before=conversation) if isinstance(part, TextPart) and part.origin.source is Source.TEXT else part
        for part in decoded.parts
    )
    return replace(decoded, parts=parts)


def decode_bytes(data: bytes, content: Content, settings: Settings) -> Decoded:
    """Take an encoded file apart; `content` gives the hints only. Raises as `decode` does."""
    if len(data) > settings.max_file_bytes:
        raise TooLargeError(
            f"the file has {len(data):,} bytes and the limit is {settings.max_file_bytes:,}; "
            "send a smaller one, or raise EVENHAND_MAX_FILE_BYTES"
        )
    declared, charset = _parse_media_type(content.media_type)
    media = _sniff(data, declared, charset)
    wanted = declared or (content.kind.value if content.kind else "")
    if not data and not _says_text(wanted):
        raise InputError(f"the file is empty, though {wanted} was declared; send the whole file")
    for decoder in DECODERS:
        if media in decoder.media:
            break
    else:
        raise UnsupportedError(_why_not(media))
    blob = Blob(data=data, media=media, charset=charset, language=content.language)
    decoded = decoder.decode(blob, settings)
    return _told(decoded, wanted, media)


def decode_path(path: Path, content: Content, settings: Settings) -> Decoded:
    """Plan a video or sound that lies on this machine, without reading it into memory. Raises as `decode` does."""
    try:
        with path.open("rb") as stream:
            media = sniff(stream.read(_HEAD))
        if media not in _MEDIA.media:
            raise UnsupportedError(f"{path} is no video and no sound; read it and give its bytes")
        declared = _parse_media_type(content.media_type)[0]
        decoded = _MEDIA.open(path, media, settings, language=content.language)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
    return _told(decoded, declared or (content.kind.value if content.kind else ""), media)


def is_recording(head: bytes) -> bool:
    """Say whether a file is a video or a sound, by its first 64 KiB."""
    return sniff(head) in _MEDIA.media


def _told(decoded: Decoded, wanted: str, media: str) -> Decoded:
    """Note where a file is not what somebody said it is."""
    family = media.partition("/")[0]
    agrees = wanted in {"", "application/octet-stream", media, family, f"{family}/*", decoded.kind.value} or (
        family == "text" and _says_text(wanted)
    )
    return decoded if agrees else replace(decoded, notes=(f"declared {wanted}, is {media}", *decoded.notes))


def _sniff(data: bytes, declared: str, charset: str | None) -> str:
    media = sniff(data)
    if media is None and charset is not None and declared.startswith("text/"):
        return "text/plain"  # UTF-16 without a mark, say: half of it is NUL, and it was declared
    if media == "text/plain" and declared != "text/plain" and is_svg(data):
        return "image/svg+xml"
    return media or "application/octet-stream"


def _says_text(wanted: str) -> bool:
    return wanted.startswith("text") or wanted in {
        "",
        "application/json",
        "application/xml",
        "application/octet-stream",
    }


def _why_not(media: str) -> str:
    family = media.partition("/")[0]
    if family in {"audio", "video"}:
        return f"the file is {media}, a kind of {family} that is not read; convert it to MP4, WebM, Ogg or WAV"
    if media in _ADVICE:
        return f"the file is {_ADVICE[media]}"
    if media == "application/octet-stream":
        return f"the file's first bytes are of no known kind; {_SEND}"
    return f"the file is {_WORD.get(media, media)}, which is not read; {_SEND}"


def _parse_media_type(value: str | None) -> tuple[str, str | None]:
    """Split "text/plain; charset=gbk" into the type and the character set, both lower case."""
    declared, *parameters = (value or "")[:200].lower().split(";")
    charset = None
    for parameter in parameters:
        name, _, given = parameter.partition("=")
        if name.strip() == "charset":
            charset = given.strip().strip("\"'") or None
    declared = declared.strip()
    return _ALIASES.get(declared, declared), charset
