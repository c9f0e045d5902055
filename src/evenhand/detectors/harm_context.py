"""What the messages before a text do to its scores: a bounded step of log-odds, up or down.

A text is read three times: alone, the conversation's end alone, and both together.

- A score rises where both together read worse than either: "yourself" after "kill". What the conversation has all by
  itself raises nothing, so whoever answers a threat is not blamed for it.
- A score falls where both together read milder than the text alone, and milder too than the text after as much small
  talk: any harmless words put before a text thin it out, and only what goes beyond that counts. Only abuse and violence
  may fall, whose words are also those of games, sport and plays.

Whoever writes the messages before can bend the score; the bound is what that is worth at most.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evenhand.detectors.harm_models import HarmModel
from evenhand.domain import TextPart

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST = 1.5  # log-odds that a score can move; 0.5 becomes at most 0.82, or at least 0.18
MARGIN = 2.0  # log-odds below small talk that still count for nothing, since small talk itself varies by as much
MAY_FALL = ("harassment", "violence")
_ROOM = 8  # UTF-8 bytes of the conversation below which there is nothing to read
_BOUND = 1e-6  # probabilities are kept so far from 0 and 1, where log-odds end

# Written for this purpose: harmless, and about everyday things only.
SMALL_TALK = (
    "Good morning, did you sleep well? The train was late again today and it was raining all the way. What are you "
    "having for lunch? I made soup yesterday and there is some left. See you tomorrow at five, then.",
    "My sister is coming over at the weekend with the children. We could go to the market if the weather is nice. "
    "Thanks for the book, I liked it a lot. Yes, sure, same place as last time.",
    "Did you get my mail about the meeting? I have put the papers on your desk. The new printer works now. Could you "
    "send me the list when you are back? No hurry, next week is fine.",
    "We painted the kitchen yellow. It took all day, but it looks lovely. Have you seen where I put the keys? I think "
    "they are in my coat. I will call you when I am on the bus. Take care.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bent:
    """A text's scores with the conversation before it."""

    scores: NDArray[np.float32]  # [labels]
    before: NDArray[np.float32]  # [labels]: of the text alone


def bend(model: HarmModel, parts: Mapping[int, TextPart], rows: Mapping[int, NDArray[np.float32]]) -> dict[int, Bent]:
    """Give the scores of the parts that their conversation moves.

    Args:
        model: reads everything once more.
        parts: by place; each fits one window and has a conversation.
        rows: by place, float32[labels]: the scores of the text alone.

    Returns:
        By place, for parts of which at least one score moves.
    """
    import numpy as np

    ends = {i: end for i, part in parts.items() if (end := _end(part, model.reach.longest))}
    if not ends:
        return {}
    read = model.scores([text for i, end in ends.items() for text in (end, f"{end}\n{parts[i].text}")])
    alone = {i: _odds(rows[i]) for i in ends}
    context, together = dict(zip(ends, _odds(read[0::2]), strict=True)), dict(zip(ends, _odds(read[1::2]), strict=True))
    limits = _odds(np.array(model.thresholds(), np.float32))
    own = np.array([label.startswith(MAY_FALL) for label in model.labels])
    # Only a score that would be reported need fall; small talk is read for those texts alone.
    falls = {i: own & (alone[i] >= limits) & (together[i] < alone[i] - MARGIN) for i in ends}
    floors = _floors(model, {i: (parts[i].text, len(ends[i].encode())) for i in ends if falls[i].any()})
    out: dict[int, Bent] = {}
    for i in ends:
        step = np.clip(together[i] - np.maximum(alone[i], context[i]), 0, MOST)
        if i in floors:
            down = np.clip(together[i] - np.minimum(alone[i], floors[i]) + MARGIN, -MOST, 0)
            step = np.where(falls[i], down, step)
        if step.any():
            moved = (1 / (1 + np.exp(-(alone[i] + step)))).astype(np.float32)
            out[i] = Bent(scores=np.where(step != 0, moved, rows[i]), before=rows[i])
    return out


def told(bent: Bent, at: int) -> str:
    """Say what the conversation did to the score of the label at a place; empty where it did nothing that shows."""
    was, now = float(bent.before[at]), float(bent.scores[at])
    if f"{was:.2f}" == f"{now:.2f}":
        return ""
    return f"{'raised' if now > was else 'lowered'} from {was:.2f} to {now:.2f} by the conversation before it"


def _floors(model: HarmModel, asked: Mapping[int, tuple[str, int]]) -> dict[int, NDArray[np.float64]]:
    """By place, log-odds[labels]: the mildest that a text reads after as many bytes of small talk."""
    if not asked:
        return {}
    texts = [f"{_tail(talk, size)}\n{text}" for text, size in asked.values() for talk in SMALL_TALK]
    table = _odds(model.scores(texts)).reshape(len(asked), len(SMALL_TALK), -1)
    return dict(zip(asked, table.min(axis=1), strict=True))


def _end(part: TextPart, longest: int) -> str:
    """The end of the conversation that can be read together with the text; empty where there is no room for any."""
    room = longest - len(part.text.encode("utf-8", "replace")) - 1
    spoken = "\n".join(text for message in part.before if (text := message.text.strip()))
    end = _tail(spoken, room) if room >= _ROOM else ""
    return end if any(character.isalnum() for character in end) else ""


def _tail(text: str, size: int) -> str:
    """The last `size` bytes of a text, from the beginning of a word on where words are parted."""
    raw = text.encode("utf-8", "replace")
    if len(raw) <= size:
        return text
    tail = raw[-size:].decode("utf-8", "ignore")
    if not raw[-size - 1 : -size].isspace() and (words := tail.split(maxsplit=1))[1:]:
        tail = words[1]
    return tail.strip()


def _odds(scores: NDArray[np.float32]) -> NDArray[np.float64]:
    import numpy as np

    kept = np.clip(scores.astype(np.float64), _BOUND, 1 - _BOUND)
    odds: NDArray[np.float64] = np.log(kept / (1 - kept))
    return odds
