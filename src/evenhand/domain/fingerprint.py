"""Fingerprints: by what near-same content is found, without keeping the content."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """Of one text or picture. The content cannot be had back from it."""

    kind: str  # "text" or "image"
    data: bytes  # of a text 128 little-endian uint32 (`matching.textsketch`); of a picture the 32 bytes of PDQ


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedding:
    """Where one text or picture stands among others, by meaning or by looks. The content cannot be had back from it."""

    kind: str  # "text" or "image"
    space: str  # names the model that made it; those of different spaces are not comparable
    vector: bytes  # as `matching.alike` packs it: of a text 1,160 bytes, of a picture 260
    landmarks: bytes | None = None  # of a picture, as `matching.landmarks` packs them: what confirms a likeness
