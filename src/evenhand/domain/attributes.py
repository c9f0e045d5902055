"""Perspective's attributes from evenhand's labels, for those who move from one to the other.

The definitions are Perspective's ("About the API: attributes and languages"); the mapping is ours: an attribute is the
highest score of the labels that mean it. Severe toxicity has no label of its own: it is what is toxic and also an
attack on a group, a threat, or profane and insulting at once.
"""

from __future__ import annotations

from collections.abc import Mapping

from evenhand.domain.labels import is_under

ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "TOXICITY": ("harassment", "hate", "violence.threat"),
    "IDENTITY_ATTACK": ("hate",),
    "INSULT": ("harassment.insult",),
    "PROFANITY": ("harassment.profanity",),
    "THREAT": ("harassment.threat", "violence.threat"),
    "SEXUALLY_EXPLICIT": ("sexual.explicit", "sexual.solicitation"),
}
PRODUCTION: tuple[str, ...] = (*ATTRIBUTES, "SEVERE_TOXICITY")

# Experimental attributes that labels of ours mean, near enough.
EXPERIMENTAL: Mapping[str, tuple[str, ...]] = {
    "OBSCENE": ("harassment.profanity",),
    "SPAM": ("spam.bulk", "spam.scam", "ads.promotion"),
    "INCOHERENT": ("spam.gibberish",),
}

# Experimental attributes that nothing here means; to answer them would be to invent a number.
UNANSWERED: frozenset[str] = frozenset(
    {
        *("ATTACK_ON_AUTHOR", "ATTACK_ON_COMMENTER", "FLIRTATION", "INFLAMMATORY", "LIKELY_TO_REJECT", "UNSUBSTANTIAL"),
        *("AFFINITY_EXPERIMENTAL", "COMPASSION_EXPERIMENTAL", "CURIOSITY_EXPERIMENTAL", "NUANCE_EXPERIMENTAL"),
        *("PERSONAL_STORY_EXPERIMENTAL", "REASONING_EXPERIMENTAL", "RESPECT_EXPERIMENTAL", "ALIENATION_EXPERIMENTAL"),
        *("FEARMONGERING_EXPERIMENTAL", "GENERALIZATION_EXPERIMENTAL", "MORAL_OUTRAGE_EXPERIMENTAL"),
        *("POWER_APPEAL_EXPERIMENTAL", "SCAPEGOATING_EXPERIMENTAL"),
    }
)

# Languages, as Perspective writes them, that the production attributes answer.
LANGUAGES: frozenset[str] = frozenset(
    "ar cs de en es fr hi hi-Latn id it ja ko nl pl pt ru sv zh".split()  # noqa: SIM905  (reads as a list of codes)
)


def canonical_attribute(name: str) -> str | None:
    """Give the attribute that a requested name stands for, or None where nothing here answers it.

    Args:
        name: as requested: "TOXICITY", "TOXICITY@6" (a version), "INSULT_EXPERIMENTAL", "TOXICITY_FAST".
    """
    plain = name.partition("@")[0]
    for ending in ("_EXPERIMENTAL", "_FAST"):
        if plain.removesuffix(ending) in PRODUCTION:
            return plain.removesuffix(ending)
    return plain if plain in PRODUCTION or plain in EXPERIMENTAL else None


def is_unanswered(name: str) -> bool:
    """Say whether Perspective had an attribute of this name that is not answered here."""
    return name.partition("@")[0] in UNANSWERED


def perspective_attributes(scores: Mapping[str, float]) -> dict[str, float]:
    """Give the seven production attributes.

    Args:
        scores: label -> score in [0, 1], as a result has them with all scores asked for; a label counts for parents.

    Returns:
        Attribute name as on Perspective's wire -> score in [0, 1]; an attribute none of whose labels was scored is
        left out, since silence is not zero.
    """
    out = _highest(scores, ATTRIBUTES)
    if "TOXICITY" in out:
        coarse = min(out.get("PROFANITY", 0.0), out.get("INSULT", 0.0))
        grave = max(out.get("IDENTITY_ATTACK", 0.0), out.get("THREAT", 0.0), coarse)
        out["SEVERE_TOXICITY"] = out["TOXICITY"] * grave
    return out


def experimental_attributes(scores: Mapping[str, float]) -> dict[str, float]:
    """Give those experimental attributes that are answered; otherwise as `perspective_attributes`."""
    return _highest(scores, EXPERIMENTAL)


def _highest(scores: Mapping[str, float], table: Mapping[str, tuple[str, ...]]) -> dict[str, float]:
    out: dict[str, float] = {}
    for name, labels in table.items():
        found = [score for label, score in scores.items() if any(is_under(label, top) for top in labels)]
        if found:
            out[name] = max(found)
    return out
