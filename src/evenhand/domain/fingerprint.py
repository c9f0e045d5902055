"""Fingerprints: by what near-same content is found, without keeping the content."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """Of one text or picture. The content cannot be had back from it."""

    kind: str  # "text" or "image"
    data: bytes  # of a text 128 little-endian uint32 (`matching.textsketch`); of a picture the 32 bytes of PDQ
