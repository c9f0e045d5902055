"""When fingerprints and embeddings are worked out: before a decision where marks ask for it, and for the record."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial

from evenhand.decode import Decoded
from evenhand.domain import Action, Embedding, ItemError, Result
from evenhand.errors import EvenhandError
from evenhand.review.corrections import Corrections
from evenhand.review.near import Query
from evenhand.settings import Settings
from evenhand.shelves.embedding import Embedder, text_of
from evenhand.shelves.prints import query_of

_KINDS = frozenset({"text", "image"})


class Printing:
    """Works fingerprints out, those of a content once.

    Args:
        settings: of which decisions fingerprints and embeddings are recorded: "none", "review" (embeddings alone),
            "acted" (all but those that pass) or "all".
        corrections: what people marked; None: nothing is.
        embedder: the models; read only where embeddings are recorded.
        threads: where pictures are hashed.
    """

    def __init__(
        self, settings: Settings, *, corrections: Corrections | None, embedder: Embedder, threads: Executor
    ) -> None:
        self._which, self._embedded = settings.fingerprints, settings.embeddings
        self._corrections, self._embedder, self._threads = corrections, embedder, threads

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
        made = [result for result in results if isinstance(result, Result)]
        await self._embed(decoded, made)
        wanted = _wanted(self._which, made)
        found = dict(queries) | await self._worked(decoded, [place for place in wanted if place not in queries])
        for place in wanted:
            query = found.get(place)
            if query is not None:
                made[place] = replace(made[place], fingerprint=query.fingerprint)
        rest = iter(made)  # of the same length as the results that are no errors
        return [next(rest) if isinstance(result, Result) else result for result in results]

    async def _embed(self, decoded: Sequence[Decoded], made: list[Result]) -> None:
        """Give results their embeddings, in place. A model that cannot be read spoils no decision."""
        wanted = _wanted(self._embedded, made)
        if not wanted:
            return
        work = partial(_embeddings, self._embedder, [decoded[place] for place in wanted])
        found = await asyncio.get_running_loop().run_in_executor(self._threads, work)
        for place, embedding in zip(wanted, found, strict=True):
            made[place] = replace(made[place], embedding=embedding)

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


def _wanted(which: str, made: Sequence[Result]) -> list[int]:
    if which == "none":
        return []
    actions = {"all": frozenset(Action), "acted": frozenset(Action) - {Action.PASS}, "review": {Action.REVIEW}}[which]
    return [place for place, result in enumerate(made) if result.kind in _KINDS and result.action in actions]


def _embeddings(embedder: Embedder, decoded: Sequence[Decoded]) -> list[Embedding | None]:
    texts = [text_of(one.parts) for one in decoded if one.kind.value == "text"]
    try:
        read = iter(embedder.texts(texts) if texts else [])
        return [next(read) if one.kind.value == "text" else embedder.of(one.parts, one.kind.value) for one in decoded]
    except (EvenhandError, ImportError):
        return [None] * len(decoded)
