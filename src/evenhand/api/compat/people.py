"""Asking people in any case: a content is checked, and its decision goes to review whatever the policy says."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from evenhand.api.compat.calls import Call
from evenhand.domain import Content, ItemError, Result
from evenhand.review.asked import for_people
from evenhand.store.recorder import StoreRecorder


async def ask_people(
    call: Call, contents: Sequence[Content], *, service: str | None, why: str
) -> list[Result | ItemError]:
    """Check contents, and put all of them that can be read into the review queue.

    Args:
        call: the call.
        contents: what people are to look at.
        service: see `Call.line`.
        why: who asked for a person, in a sentence.

    Raises:
        StoreError: nothing was recorded.
    """
    checked = await call.check_many(contents, service=service, record=False)
    answers = [for_people(one, why) if isinstance(one, Result) else one for one in checked]
    store = call.state.store
    pairs = [(content, one) for content, one in zip(contents, answers, strict=True) if isinstance(one, Result)]
    if pairs:
        record = StoreRecorder(store, call.settings).record
        await asyncio.to_thread(
            record, [content for content, _ in pairs], [one for _, one in pairs], key_id=call.key_id
        )
    return answers
