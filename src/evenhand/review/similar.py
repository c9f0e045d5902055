"""Similar past items: by the content's hash, by a perceptual one, and by meaning or look, with what was decided.

A text's print is a 64-bit SimHash of its four-letter pieces, once its disguise is undone; a picture's is its PDQ hash.
Those are made when somebody opens an item. What was kept when contents were decided counts besides (`pastprints`), so
what nobody has opened is found, too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from evenhand.decode import decode
from evenhand.domain import Fingerprint, ImagePart
from evenhand.errors import EvenhandError, InputError
from evenhand.matching.textsketch import sketch
from evenhand.matching.undisguise import undisguise
from evenhand.review.evidence import Held, held, text_of
from evenhand.review.pastprints import alike_past, near_past
from evenhand.settings import Settings
from evenhand.store import Store
from evenhand.store.records import Original
from evenhand.store.reviewrecords import Person, ReviewItem
from evenhand.store.reviewtraits import Traits

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_COMPARED = 5_000  # newest contents of the kind that are compared
_GIVEN = 10
_TEXT_BITS, _PICTURE_BITS = 8, 31  # that may differ of 64 and of 256
_ALIKE = {"text": 0.6, "image": 0.9}  # cosine from which two are called alike: paraphrases and translations, like looks
_PIECE, _LONGEST = 4, 20_000  # letters
_EXCERPT = 160


def traits_of(store: Store, settings: Settings, item: ReviewItem) -> Traits | None:
    """Give print and embedding of an item's content, made now if they were not; None: it is not kept. Blocks.

    Raises:
        StoreError: the database cannot be asked.
    """
    known = store.traits.get(item.content_hash)
    if known is not None and (known.print is not None or known.peaks is not None):
        return known
    kept = held(store, settings, item.content_hash)
    if kept is None or kept.family not in {"text", "image"}:
        return known
    try:
        made = _made(kept, settings)
    except InputError:
        return known
    store.traits.put(item.content_hash, kept.family, made)
    return Traits(content_hash=item.content_hash, kind=kept.family, **made)


def similar(store: Store, settings: Settings, item: ReviewItem, person: Person | None = None) -> list[dict[str, Any]]:
    """Give similar past items, the most similar first, each with why it is one and what was decided. Blocks.

    Args:
        store: where.
        settings: of the server.
        item: similar to this.
        person: only those that they may see; None: all.

    Raises:
        StoreError: the database cannot be asked.
    """
    mine = traits_of(store, settings, item)
    tenant = None if person is None else person.tenant
    found = alike_past(store, item.content_hash, item.kind, tenant=tenant)
    if mine is not None:
        others = store.traits.others(item.content_hash, mine.kind, most=_COMPARED)
        found |= _near(mine, others)
    found |= near_past(store, item.content_hash, _fingerprint(store, settings, item, mine), tenant=tenant)
    found[item.content_hash] = (1.0, "same")
    best = sorted(found, key=lambda content_hash: -found[content_hash][0])[: 5 * _GIVEN]
    past = store.traits.past(best, but=item.decision_id, most=10 * _GIVEN)
    whole = person is None or not person.limited
    if person is not None and not whole:
        seen = store.reviews.visible([one.decision_id for one, _ in past], person)
        past = [one for one in past if one[0].decision_id in seen]
    texts = store.traits.originals([one.content_hash for one, _ in past])
    shown = [_shown(one, decision["action"], found[one.content_hash], texts) for one, decision in past]
    asked = {one.decision_id for one, _ in past}
    shown += [
        {
            "decision_id": other["decision_id"],
            "how": found[other["content_hash"]][1],
            "similarity": round(found[other["content_hash"]][0], 3),
            "state": "automatic",
            "label": "",
            "action": other["action"],
            "verdict": None,
            "excerpt": None,
            "created_at": _moment(other["created_at"]),
        }
        for other in store.traits.decided(best, but=item.decision_id, most=5 * _GIVEN)
        if whole and other["decision_id"] not in asked
    ]
    # What people decided says more than what only waits.
    shown.sort(key=lambda one: (-one["similarity"], one["verdict"] is None))
    return shown[:_GIVEN]


def _fingerprint(store: Store, settings: Settings, item: ReviewItem, mine: Traits | None) -> Fingerprint | None:
    """Give the fingerprint that decisions are kept with, made now of a kept content if it was not then."""
    kept = store.prints.of_content(item.content_hash)
    if kept is not None or mine is None:
        return kept
    if mine.kind == "image":
        return None if mine.print is None else Fingerprint(kind="image", data=bytes.fromhex(mine.print))
    original = held(store, settings, item.content_hash)
    try:
        text = None if original is None else text_of(original, settings)
    except InputError:
        return None
    numbers = None if text is None else sketch(text)
    return None if numbers is None else Fingerprint(kind="text", data=numbers.astype("<u4").tobytes())


def _shown(one: ReviewItem, action: str, near: tuple[float, str], texts: Mapping[str, Original]) -> dict[str, Any]:
    original, said = texts.get(one.content_hash), one.verdict
    return {
        "decision_id": one.decision_id,
        "how": near[1],
        "similarity": round(near[0], 3),
        "state": one.state,
        "label": one.label,
        "action": action,
        "verdict": None if said is None else {name: said[name] for name in ("verdict", "action", "labels")},
        "excerpt": None if original is None else original.body.decode("utf-8", "replace")[:_EXCERPT],
        "created_at": _moment(one.created_at),
    }


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def text_print(text: str) -> str | None:
    """Give a text's print, 16 hexadecimal digits; None: it is too short for one to mean anything."""
    import numpy as np

    plain = "".join(c for c in undisguise(text[:_LONGEST]).text.casefold() if c.isalnum())
    pieces = {plain[i : i + _PIECE] for i in range(len(plain) - _PIECE + 1)}
    if len(pieces) < _PIECE * 2:
        return None
    joined = b"".join(hashlib.blake2b(piece.encode("utf-8", "replace"), digest_size=8).digest() for piece in pieces)
    bits = np.unpackbits(np.frombuffer(joined, np.uint8).reshape(-1, 8), axis=1)
    return np.packbits(bits.sum(0) * 2 > len(pieces)).tobytes().hex()


def _made(kept: Held, settings: Settings) -> dict[str, Any]:
    if kept.family == "text":
        text = text_of(kept, settings) or ""
        return {"print": text_print(text), **_embedded_text(text, settings)}
    import numpy as np

    from evenhand.inference.pictures import working_copy
    from evenhand.matching.pdq import MIN_QUALITY, hash_luma

    parts = [part for part in decode(kept.content(), settings).parts if isinstance(part, ImagePart)]
    if not parts:
        return {"print": None}
    hashed = hash_luma(np.asarray(working_copy(parts[0]).convert("F")))
    digits = hashed.hex if hashed.quality >= MIN_QUALITY else None
    return {"print": digits, **_embedded_picture(parts[0], settings)}


def _embedded_text(text: str, settings: Settings) -> dict[str, Any]:
    if not text.strip() or "text.harm" in settings.disabled_detectors:
        return {}  # no model is to be loaded here
    try:
        encoder = _texts(settings.threads)
        return {"space": encoder.version, "embedding": _packed(encoder.encode([text])[0])}
    except (EvenhandError, ImportError):
        return {}


def _embedded_picture(part: ImagePart, settings: Settings) -> dict[str, Any]:
    try:
        embedder = _pictures(settings.threads)
        return {"space": embedder.version, "embedding": _packed(embedder.of(part))}
    except (EvenhandError, ImportError):
        return {}


@cache  # weights are read once a process
def _texts(threads: int) -> Any:
    from evenhand.inference.encoder import TextEncoder

    return TextEncoder(threads=threads)


@cache
def _pictures(threads: int) -> Any:
    from evenhand.inference.general import GeneralEmbedder

    return GeneralEmbedder(threads=threads)


def _packed(vector: NDArray[np.float32]) -> bytes:
    return vector.astype("<f2").tobytes()


def _near(mine: Traits, others: Sequence[Traits]) -> dict[str, tuple[float, str]]:
    """Give content hash -> (similarity in [0, 1], "near" or "alike") of those that are near."""
    import numpy as np

    found: dict[str, tuple[float, str]] = {}
    if mine.embedding is not None:
        same = [one for one in others if one.space == mine.space and one.embedding is not None]
        if same:
            rows = np.stack([np.frombuffer(one.embedding or b"", "<f2") for one in same]).astype(np.float32)
            cosines = rows @ np.frombuffer(mine.embedding, "<f2").astype(np.float32)
            least = _ALIKE.get(mine.kind, 1.0)
            for one, cosine in zip(same, cosines, strict=True):
                if cosine >= least:
                    found[one.content_hash] = (min(0.999, float(cosine)), "alike")
    if mine.print is not None:
        same = [one for one in others if one.print is not None and len(one.print) == len(mine.print)]
        if same:
            rows = np.stack([np.frombuffer(bytes.fromhex(one.print or ""), np.uint8) for one in same])
            differ = np.unpackbits(rows ^ np.frombuffer(bytes.fromhex(mine.print), np.uint8), axis=1).sum(1)
            size = 4 * len(mine.print)
            most = _PICTURE_BITS if size == 256 else _TEXT_BITS
            for one, bits in zip(same, differ, strict=True):
                if bits <= most:
                    found[one.content_hash] = (min(0.999, 1 - int(bits) / size), "near")
    return found
