"""The one thing read from EXIF: the orientation (EXIF 2.3, 4.6.4 A; TIFF 6.0 for the layout)."""

from __future__ import annotations

import struct


def orientation(data: bytes) -> int:
    """Give the orientation of an EXIF block, 1 to 8; 1 for none or a broken one.

    Only the first directory's small entries are looked at. A general EXIF reader would follow offsets, and a directory
    of 65,535 entries that all point at the same megabytes is a bomb.
    """
    if data.startswith(b"Exif\x00\x00"):
        data = data[6:]
    order = {b"II*\x00": "<", b"MM\x00*": ">"}.get(data[:4])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(order + "I", data, 4)
        (count,) = struct.unpack_from(order + "H", data, start)
        for index in range(min(count, 200)):
            tag, kind, values, value = struct.unpack_from(order + "HHIH", data, start + 2 + 12 * index)
            if tag == 0x0112:
                return value if kind == 3 and values == 1 and 1 <= value <= 8 else 1
    except struct.error:
        return 1
    return 1
