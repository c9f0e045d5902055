"""Past contents found by what was kept when they were decided, whether or not anybody has opened them since."""

from __future__ import annotations

import numpy as np

from evenhand.domain import Embedding, Fingerprint
from evenhand.matching import landmarks
from evenhand.matching.alike import Vectors, unpack
from evenhand.review.alike import CANDIDATES, LEAST_SHOWN
from evenhand.review.near import near_of, turned
from evenhand.store import Store

MOST_PRINTS = 10_000  # newest fingerprints of a kind that are compared: 5 MB of texts, 0.1 s of processor time
MOST_VECTORS = 5_000  # newest embeddings of a kind: 6 MB of texts
PICTURE_BITS = 31  # of 256 that may differ, as for libraries: a person looks, and nothing is answered by it
_AGREEING = 12  # points of two pictures that agree on one map

Found = dict[str, tuple[float, str]]  # content hash -> similarity in [0, 1], and "near" or "alike"


def near_past(store: Store, content_hash: str, mine: Fingerprint | None, *, tenant: str | None) -> Found:
    """Find past contents that are nearly the same by their fingerprints.

    Args:
        store: where.
        content_hash: of the content at hand, which is left out.
        mine: its fingerprint; None: the one that was kept with a decision about it, if one was.
        tenant: only decisions that its keys and people asked for; None: all.

    Raises:
        StoreError: the database cannot be asked.
    """
    query = mine or store.prints.of_content(content_hash, tenant=tenant)
    found: Found = {}
    if query is None:
        return found
    for rows in store.prints.newest(query.kind, most=MOST_PRINTS, tenant=tenant):
        for number, share in near_of(turned(query), [one.fingerprint for one in rows], bits=PICTURE_BITS):
            other = rows[number].content_hash
            if other != content_hash:
                found[other] = max(found.get(other, (0.0, "near")), (min(0.999, share / 100), "near"))
    return found


def alike_past(store: Store, content_hash: str, kind: str, *, tenant: str | None) -> Found:
    """Find past contents that are alike by the embeddings kept with their decisions; no model is asked.

    Args:
        store: where.
        content_hash: of the content at hand, which is left out.
        kind: "text" or "image"; there are none of others.
        tenant: only decisions that its keys and people asked for; None: all.

    Raises:
        StoreError: the database cannot be asked.
    """
    mine = store.vectors.newest_of(content_hash, tenant=tenant)
    if mine is None or mine.kind != kind:
        return {}
    query = unpack(kind, mine.vector)[None]
    best: dict[str, float] = {}
    for rows in store.vectors.newest(kind, mine.space, most=MOST_VECTORS, tenant=tenant):
        held = Vectors(kind, [(one.content_hash, vector) for one, vector in rows])
        for other, cosine in held.find(query, least=LEAST_SHOWN[kind], most=CANDIDATES)[0]:
            if other != content_hash:
                best[other] = max(best.get(other, 0.0), cosine)
    near = sorted(best, key=lambda other: -best[other])[:CANDIDATES]
    if kind == "image":
        near = [other for other in near if _same_map(mine, store.vectors.of(other, mine.space, tenant=tenant))]
    return {other: (min(0.999, best[other]), "alike") for other in near}


def _same_map(mine: Embedding, other: Embedding | None) -> bool:
    """Say whether points of two pictures agree: vectors alone say only that they look alike."""
    rows = [None if one is None else one.landmarks for one in (other, mine)]
    if any(row is None or len(row) != landmarks.ROW_BYTES for row in rows):
        return False
    first, second = (landmarks.unpack(np.frombuffer(row or b"", np.uint8)) for row in rows)
    return landmarks.agreeing(first, second) >= _AGREEING
