"""What a file is, by its first bytes; never by its name or by what somebody said it is."""

from __future__ import annotations

import re

# (offset, magic bytes, media type), the first that fits. Sources: the formats' own specifications.
_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"II+\x00", "image/x-bigtiff"),
    (0, b"MM\x00+", "image/x-bigtiff"),
    (0, b"8BPS\x00\x01", "image/vnd.adobe.photoshop"),
    (0, b"\x00\x00\x01\x00", "image/x-icon"),
    (0, b"\x00\x00\x00\x0cjP  \r\n", "image/jp2"),
    (0, b"\xff\x4f\xff\x51", "image/jp2"),
    (0, b"\x00\x00\x00\x0cJXL \r\n", "image/jxl"),
    (0, b"\xff\x0a", "image/jxl"),
    (0, b"qoif", "image/x-qoi"),
    (0, b"\x1aE\xdf\xa3", "video/x-matroska"),
    (0, b"FLV\x01", "video/x-flv"),
    (0, b"\x00\x00\x01\xba", "video/mpeg"),
    (0, b"\x00\x00\x01\xb3", "video/mpeg-es"),
    (0, b"0&\xb2u\x8ef\xcf\x11", "video/x-ms-asf"),
    (0, b"OggS\x00", "audio/ogg"),
    (0, b"fLaC\x00", "audio/flac"),
    (0, b"#!AMR", "audio/amr"),
    (0, b"MThd\x00\x00", "audio/midi"),
    (0, b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00", "audio/w64"),
    (0, b"caff\x00\x01", "audio/x-caf"),
    (0, b"%PDF-", "application/pdf"),
    (0, b"%!PS", "application/postscript"),
    (0, b"\xc5\xd0\xd3\xc6", "application/postscript"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"\x1f\x8b\x08", "application/gzip"),
    (0, b"BZh", "application/x-bzip2"),
    (0, b"\xfd7zXZ\x00", "application/x-xz"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"\x28\xb5\x2f\xfd", "application/zstd"),
    (0, b"\x7fELF", "application/x-elf"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (257, b"ustar", "application/x-tar"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_BRANDS = {b"avif": "image/avif", b"avis": "image/avif", b"M4A ": "audio/mp4", b"M4B ": "audio/mp4"}
_HEIF = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"})
_BMP_HEADERS = frozenset({12, 40, 52, 56, 64, 108, 124})
_ATOMS = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})  # QuickTime files may begin so
_SPACE = re.compile(r"\s*")
_SVG_ROOT = re.compile(r"<(?:[\w.-]{1,64}:)?svg[\s/>]", re.I)
_ASIDES = (("<?", "?>"), ("<!--", "-->"), ("<!", ">"))  # what may stand before the first element, and how it ends
_PROLOG = 65_536  # bytes of comments and declarations that may stand before a drawing's first element
_CONTROLS = bytes(range(9)) + bytes(range(14, 27)) + bytes(range(28, 32))  # not tab, lines, form feed, escape
_LOOK = 4096


def sniff(data: bytes) -> str | None:
    """Give the media type of a file, "text/plain" for what may be text, or None for unknown binary data.

    Args:
        data: the whole file; at most its first 4 KiB are looked at.
    """
    if not data:
        return "text/plain"
    for offset, magic, media in _MAGIC:
        if data.startswith(magic, offset):
            return media
    return _by_structure(data) or ("text/plain" if _may_be_text(data[:_LOOK]) else None)


def is_svg(data: bytes) -> bool:
    """Say whether a text is an SVG drawing, which shows more than its words: whether its first element is `svg`.

    Args:
        data: the whole file; at most its first 64 KiB are looked at. What hides its first element further behind is a
            drawing when it names `svg` at all.
    """
    wide = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(data[:2])
    text = data[:_PROLOG].decode(wide or "utf-8", "replace").lstrip("\ufeff")
    pos = 0
    while True:
        pos = _SPACE.match(text, pos).end()  # type: ignore[union-attr]  # it matches nothing too
        # The internal subset of a document type has markup of its own, up to its "]".
        close = next((end for start, end in _ASIDES if text.startswith(start, pos)), None)
        if close is None:
            return _SVG_ROOT.match(text, pos) is not None
        if close == ">" and "[" in text[pos : text.find(">", pos)]:
            close = "]"
        end = text.find(close, pos)
        if end < 0:
            return b"<svg" in data.lower()
        pos = end + len(close)
        if close == "]":
            pos = text.find(">", pos) + 1 or len(text)


def _by_structure(data: bytes) -> str | None:
    """Look further where the magic bytes are also the start of ordinary words ("BMW", "GIF89a is old", "ID3 tags")."""
    head = data[:12]
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if head[:4] in {b"RIFX", b"FORM"} and head[8:12] in {b"AIFF", b"AIFC", b"WAVE"}:
        return "audio/aiff"
    if head[:4] in {b"RF64", b"BW64"} and head[8:12] == b"WAVE":
        return "audio/wav"
    if head[4:8] == b"ftyp":
        return _by_brand(data)
    if head[4:8] in _ATOMS and head[0] == 0 and _holds_atom(data):
        return "video/mp4"
    # A width and height written in printable letters would be over 8,000 pixels each: it is a sentence.
    if head[:6] in {b"GIF87a", b"GIF89a"} and not (len(data) > 9 and data[6:10].isascii() and min(data[6:10]) >= 32):
        return "image/gif"
    if head[:2] == b"BM" and int.from_bytes(data[14:18], "little") in _BMP_HEADERS:
        return "image/bmp"
    if head[:3] == b"ID3" and len(head) > 9 and head[3] < 16 and head[4] < 16:
        return _after_tag(data)
    if head[:1] == b"\xff" and len(head) > 3 and _is_mpeg_audio(head):
        return _mpeg_audio(head)
    # The second form has a time stamp of four bytes before each packet, as cameras write it.
    if _is_transport(data, 0, 188) or _is_transport(data, 4, 192):
        return "video/mp2t"
    return None


def _is_transport(data: bytes, first: int, size: int) -> bool:
    """Recognise MPEG transport packets by their sync bytes: three where no text is, or ten."""
    begins = data[first : first + 10 * size : size]
    if len(begins) < 3 or begins != b"G" * len(begins):
        return False
    return len(begins) == 10 or not _may_be_text(data[: first + 2 * size + 1])


def _after_tag(data: bytes) -> str:
    """Tell what follows an ID3 tag: mostly MP3, but FLAC and AAC files have such tags too."""
    size = (data[6] & 127) << 21 | (data[7] & 127) << 14 | (data[8] & 127) << 7 | data[9] & 127
    after = data[10 + size : 14 + size]
    if after == b"fLaC":
        return "audio/flac"
    return _mpeg_audio(after) if len(after) == 4 and _is_mpeg_audio(after) else "audio/mpeg"


def _mpeg_audio(head: bytes) -> str:
    return "audio/aac" if head[1] & 0xF6 == 0xF0 else "audio/mpeg"


def _holds_atom(data: bytes) -> bool:
    """Say whether the second of a QuickTime file's atoms has a known name too, or the first takes up the whole file."""
    size = int.from_bytes(data[:4], "big")
    return size >= 8 and (data[size + 4 : size + 8] in _ATOMS or size >= len(data))


def _is_mpeg_audio(head: bytes) -> bool:
    """Recognise an MPEG audio frame (ISO/IEC 11172-3, layers II and III) or an ADTS one; never a UTF-16 mark."""
    if head[1] & 0xF6 == 0xF0:
        return True
    known = head[1] & 0xE0 == 0xE0 and head[1] & 0x18 != 0x08 and head[1] & 0x06 in {0x02, 0x04}
    return known and head[2] & 0xF0 not in {0x00, 0xF0} and head[2] & 0x0C != 0x0C


def _by_brand(data: bytes) -> str:
    """Tell the kinds of ISO base media file apart (ISO/IEC 14496-12, 23008-12)."""
    brand = data[8:12]
    if brand in _BRANDS:
        return _BRANDS[brand]
    if brand in _HEIF:
        compatible = data[16 : min(int.from_bytes(data[:4], "big"), 256)]
        return "image/avif" if b"avif" in compatible else "image/heic"
    return "video/mp4"


def _may_be_text(head: bytes) -> bool:
    """Say whether bytes may be text. Stray NULs and escapes are allowed; a tenth of them is binary data."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\x00\x00\xfe\xff")):
        return True
    controls = len(head) - len(head.translate(None, _CONTROLS))
    return controls <= max(1, len(head) // 10)
