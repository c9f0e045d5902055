"""The decoder of videos and sounds: it only plans. Their parts are decoded a segment at a time, by `MediaReader`."""

from __future__ import annotations

from evenhand.decode.apart import plan_recording
from evenhand.decode.base import Blob, Decoded
from evenhand.decode.media.values import MEDIA, MediaSource
from evenhand.domain import ContentKind
from evenhand.settings import Settings


class MediaDecoder:
    """Reads MP4, QuickTime, Matroska, WebM, MPEG-TS and -PS, AVI, FLV, ASF, WAV, MP3, AAC, FLAC, Ogg, AMR, AIFF."""

    kind = ContentKind.VIDEO
    media = frozenset(MEDIA)

    def decode(self, blob: Blob, settings: Settings) -> Decoded:
        """Plan a file; raises as `plan_recording` does."""
        return self.open(blob.data, blob.media, settings, language=blob.language)

    def open(self, source: MediaSource, media: str, settings: Settings, *, language: str | None = None) -> Decoded:
        """Plan a file that is held in memory or lies on this machine; raises as `plan_recording` does."""
        made = plan_recording(source, media, settings)
        return Decoded(
            kind=made.kind,
            parts=(),
            content_hash=made.content_hash,
            size=made.size,
            notes=made.notes,
            plan=made,
            source=source,
            language=language,
        )
