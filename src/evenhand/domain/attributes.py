"""Perspective's seven attributes from evenhand's labels, for those who move from one to the other.

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


def perspective_attributes(scores: Mapping[str, float]) -> dict[str, float]:
    """Give the seven attributes.

    Args:
        scores: label -> score in [0, 1], as a result has them with all scores asked for; a label counts for parents.

    Returns:
        Attribute name as on Perspective's wire -> score in [0, 1]; an attribute none of whose labels was scored is
        left out, since silence is not zero.
    """
    out: dict[str, float] = {}
    for name, labels in ATTRIBUTES.items():
        found = [score for label, score in scores.items() if any(is_under(label, top) for top in labels)]
        if found:
            out[name] = max(found)
    if "TOXICITY" in out:
        coarse = min(out.get("PROFANITY", 0.0), out.get("INSULT", 0.0))
        grave = max(out.get("IDENTITY_ATTACK", 0.0), out.get("THREAT", 0.0), coarse)
        out["SEVERE_TOXICITY"] = out["TOXICITY"] * grave
    return out
