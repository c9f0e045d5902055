"""Turns what the pipeline has at hand into records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evenhand.domain import Content, JsonValue, Result
from evenhand.settings import Settings
from evenhand.store.records import Original, Record
from evenhand.store.store import Store


class StoreRecorder:
    """Writes the decisions of a run to a store.

    Args:
        store: already migrated.
        settings: whether content itself is kept.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._keep = settings.keep_originals_days > 0
        self._keep_conversation = "conversation" in settings.keep_context_keys

    def record(self, contents: Sequence[Content], results: Sequence[Result], *, key_id: str | None = None) -> None:
        """Write all or nothing.

        Args:
            contents: one for each result, in the same order.
            results: what was decided.
            key_id: id of the API key that asked.

        Raises:
            StoreError: nothing was written.
        """
        self._store.record(self.records(contents, results, key_id=key_id))

    def records(
        self, contents: Sequence[Content], results: Sequence[Result], *, key_id: str | None = None
    ) -> list[Record]:
        """Give the records that `record` would write, for whoever writes them together with something else."""
        return [
            Record(
                result=result,
                context=self._context(content),
                original=_original(content) if self._keep and content.keep else None,
                key_id=key_id,
            )
            for content, result in zip(contents, results, strict=True)
        ]

    def _context(self, content: Content) -> Mapping[str, JsonValue]:
        """Give what was said about a content; which keys of it are stored is decided where they are written."""
        if not content.keep:
            return {}
        if not (self._keep_conversation and content.conversation):
            return content.told()
        return {**content.told(), "conversation": [message.as_dict() for message in content.conversation]}


def _original(content: Content) -> Original | None:
    if content.text is not None:
        return Original(body=content.text.encode(errors="surrogatepass"), media_type="text/plain")
    if content.data is not None:
        return Original(body=content.data, media_type=content.media_type or "application/octet-stream")
    return None
