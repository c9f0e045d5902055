"""When fingerprints are worked out: before a decision where marks speak of near-same content, and for the record."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace

from evenhand.decode import Decoded
from evenhand.domain import Action, ItemError, Result
from evenhand.review.corrections import Corrections
from evenhand.review.near import Query
from evenhand.shelves.prints import query_of

_KINDS = frozenset({"text", "image"})


class Printing:
    """Works fingerprints out, those of a content once.

    Args:
        which: of which decisions they are recorded: "none", "acted" (all but those that pass) or "all".
        corrections: what people marked; None: nothing is.
        threads: where pictures are hashed.
    """

    def __init__(self, which: str, *, corrections: Corrections | None, threads: Executor) -> None:
        self._which, self._corrections, self._threads = which, corrections, threads

    async def queries(self, decoded: Sequence[Decoded]) -> dict[int, Query | None]:
        """Give what contents are looked up by among marks, by their place; nothing where no mark asks for it."""
        kinds = self._corrections.kinds if self._corrections is not None else frozenset[str]()
        if not kinds:
            return {}
        wanted = [place for place, one in enumerate(decoded) if one.kind.value in kinds]
        return await self._worked(decoded, wanted)

    async def printed(
        self, decoded: Sequence[Decoded], results: Sequence[Result | ItemError], queries: Mapping[int, Query | None]
    ) -> list[Result | ItemError]:
        """Give results with the fingerprints that are to be recorded.

        Args:
            decoded: of those results that are no errors, in their order.
            results: of a run.
            queries: worked out before.
        """
        if self._which == "none":
            return list(results)
        made = [result for result in results if isinstance(result, Result)]
        wanted = [
            place
            for place, result in enumerate(made)
            if result.kind in _KINDS and (self._which == "all" or result.action is not Action.PASS)
        ]
        if not wanted:
            return list(results)
        found = dict(queries) | await self._worked(decoded, [place for place in wanted if place not in queries])
        for place in wanted:
            query = found.get(place)
            if query is not None:
                made[place] = replace(made[place], fingerprint=query.fingerprint)
        rest = iter(made)
        return [next(rest) if isinstance(result, Result) else result for result in results]

    async def _worked(self, decoded: Sequence[Decoded], places: Sequence[int]) -> dict[int, Query | None]:
        out: dict[int, Query | None] = {}
        for place in places:
            one = decoded[place]
            if one.kind.value == "text" and one.size < 2_000:  # quicker than to hand it to a thread
                out[place] = query_of(one.parts, "text")
            else:
                loop = asyncio.get_running_loop()
                out[place] = await loop.run_in_executor(self._threads, query_of, one.parts, one.kind.value)
        return out
