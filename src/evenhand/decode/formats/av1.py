"""How large the frames of an AV1 stream may be (AV1 Bitstream & Decoding Process Specification, sections 5.3 to 5.5).

The library that decodes AVIF reserves memory for what the stream says, whatever the file around it says.
"""

from __future__ import annotations

from dataclasses import dataclass

from evenhand.decode.formats.base import cut_short, damaged

_SEQUENCE, _FRAMES = 1, frozenset({3, 6})  # types of open bitstream unit: sequence header; frame header, frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    """What a sequence header allows."""

    width: int  # pixels: the size that is stated
    height: int
    most: int  # pixels of the largest frame that could be coded under it: a frame may overrule the size


class _Bits:
    def __init__(self, data: bytes) -> None:
        self._value, self._left = int.from_bytes(data, "big"), 8 * len(data)

    def read(self, count: int) -> int:
        if count > self._left:
            raise cut_short()
        self._left -= count
        return self._value >> self._left & ((1 << count) - 1)

    def skip_uvlc(self) -> None:
        zeros = 0
        while not self.read(1):
            zeros += 1
            if zeros > 32:
                raise damaged("a number in its stream is too long")
        self.read(zeros)


def sequences(data: bytes) -> tuple[list[Sequence], int]:
    """Give the sequence headers of a stream, and how many frames it holds.

    Raises:
        InputError: it is damaged or cut short, or has no header or no frame.
    """
    pos, found, frames = 0, list[Sequence](), 0
    while pos < len(data):
        head = data[pos]
        kind, extended, sized = head >> 3 & 15, head >> 2 & 1, head >> 1 & 1
        if head & 0x80:
            raise damaged("its stream is no AV1")
        pos += 1 + extended
        size, pos = _leb128(data, pos) if sized else (len(data) - pos, pos)
        if pos + size > len(data):
            raise cut_short()
        if kind == _SEQUENCE:
            found.append(_sequence(data[pos : pos + min(size, 256)]))
        frames += kind in _FRAMES
        pos += size
    if not found or not frames:
        raise damaged("its stream holds no picture")
    return found, frames


def _leb128(data: bytes, pos: int) -> tuple[int, int]:
    value = 0
    for index in range(8):
        byte = data[pos + index]
        value |= (byte & 0x7F) << 7 * index
        if not byte & 0x80:
            return value, pos + index + 1
    raise damaged("a length in its stream is too long")


def _sequence(data: bytes) -> Sequence:
    bits = _Bits(data)
    bits.read(4)  # profile, still picture
    reduced = bits.read(1)
    if reduced:
        bits.read(5)  # level
    else:
        _operating_points(bits)
    wide, high = bits.read(4) + 1, bits.read(4) + 1
    width, height = bits.read(wide) + 1, bits.read(high) + 1
    return Sequence(width=width, height=height, most=width * height if reduced else 1 << (wide + high))


def _operating_points(bits: _Bits) -> None:
    """Go through what stands before the size in a header that is not a still picture's short one."""
    delay_bits = 0
    if bits.read(1):  # timing info
        bits.read(64)
        if bits.read(1):
            bits.skip_uvlc()
        if bits.read(1):  # decoder model
            delay_bits = bits.read(5) + 1
            bits.read(42)
    has_display_delay = bits.read(1)
    for _ in range(bits.read(5) + 1):
        bits.read(12)
        if bits.read(5) > 7:
            bits.read(1)  # tier
        if delay_bits and bits.read(1):
            bits.read(2 * delay_bits + 1)
        if has_display_delay and bits.read(1):
            bits.read(4)
