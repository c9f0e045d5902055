"""Bytes, texts and addresses in; Parts out. Everything that comes in is hostile until it has passed here.

    str   -> decode_text -----------------------------------------> Decoded
    bytes -> sniff (magic bytes) -> the first decoder that reads it -> Decoded
    url   -> fetch (public addresses only) -> bytes, as above
    path  -> sniff -> only videos and sounds, which are planned where they lie (`media`)

A picture's structure is read by our own scanners first (`formats/`): sizes, frames and lengths are checked against the
limits before any codec sees a byte, and all metadata is left out of what Pillow is given.
Bad input raises the InputError family and nothing else.
"""

from evenhand.decode.base import Blob, Decoded, Decoder
from evenhand.decode.decoders import DECODERS, decode, is_recording
from evenhand.decode.text import decode_text

__all__ = ["DECODERS", "Blob", "Decoded", "Decoder", "decode", "decode_text", "is_recording"]
