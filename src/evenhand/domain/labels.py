"""The taxonomy: one tree of dotted labels. Children are added below a top-level label, never beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelInfo:
    """One label of the taxonomy."""

    name: str  # dotted, lower case: "ads.contact"
    description: str  # one sentence, for people
    harm: bool = True  # False: a neutral mark (politics, known, face), never a violation in itself


def _tree() -> Mapping[str, LabelInfo]:
    harm = {
        "sexual": "Sexual content of any kind.",
        "sexual.explicit": "Explicit sexual acts or text about them.",
        "sexual.nudity": "Exposed intimate body parts.",
        "sexual.suggestive": "Suggestive but not explicit.",
        "sexual.solicitation": "Offering or asking for sexual services or contact.",
        "violence": "Violence, shown or described.",
        "violence.fight": "People fighting.",
        "violence.weapon": "A weapon is shown or displayed, or a gunshot is heard.",
        "violence.explosion": "An explosion is heard.",
        "violence.graphic": "Gore or graphic injury.",
        "violence.threat": "A threat of physical harm.",
        "violence.promotion": "Praise of violence, a call for it, or pleasure in suffering.",
        "extremism": "Violent extremism.",
        "extremism.promotion": "Praise of, support for or recruitment to violent extremism.",
        "extremism.symbol": "A symbol of a violent or hateful movement is displayed.",
        "hate": "Hate against people for a protected attribute.",
        "hate.attack": "An attack on a protected group or on a person for belonging to one. Naming a group is not one.",
        "harassment": "Abusive or toxic towards people.",
        "harassment.insult": "An insult aimed at a person.",
        "harassment.threat": "Intimidation aimed at a person.",
        "harassment.profanity": "Profane language.",
        "self_harm": "Encouragement of, intent of or instructions for self-harm.",
        "ads": "Unsolicited advertising.",
        "ads.promotion": "Promotion of goods, services or accounts.",
        "ads.contact": "Contact details meant to move people elsewhere: phone, e-mail, messenger ids.",
        "ads.qrcode": "A QR code or bar code.",
        "ads.link": "A link.",
        "spam": "Spam.",
        "spam.bulk": "Bulk or repeated unsolicited messages.",
        "spam.scam": "Fraud, phishing or scam.",
        "spam.flood": "Repetition meant to flood: characters, words, emoji or lines over and over.",
        "spam.gibberish": "Text without meaning: keyboard mashing, random characters.",
        "contraband": "Goods and services that are illegal in many places.",
        "contraband.drugs": "Sale or promotion of illegal drugs.",
        "contraband.gambling": "Promotion of gambling.",
        "contraband.weapons_trade": "Sale of weapons.",
    }
    neutral = {
        "politics": "A political topic. A neutral mark, never a violation.",
        "violence.distress": "Distress or alarm is heard: scream, crying, siren, breaking glass. No harm in itself.",
        "violence.fire": "Flames are seen. No harm in itself.",
        "known": "Matched an operator's library.",
        "known.black": "Matched a library of content to stop.",
        "known.white": "Matched a library of content to allow.",
        "known.review": "Matched a library of content that people look at.",
        "face": "Face inspection. Says nothing about who a person is or what group they belong to.",
        "face.present": "A face is visible.",
        "face.glasses": "A visible face wears glasses.",
        "face.sunglasses": "A visible face wears sunglasses.",
        "face.smile": "A visible face smiles.",
    }
    infos = {name: LabelInfo(name=name, description=text) for name, text in harm.items()}
    infos |= {name: LabelInfo(name=name, description=text, harm=False) for name, text in neutral.items()}
    return MappingProxyType(infos)


TAXONOMY: Mapping[str, LabelInfo] = _tree()


def is_label(name: str) -> bool:
    """Say whether `name` is in the taxonomy."""
    return name in TAXONOMY


def parent(name: str) -> str | None:
    """Give the label above `name` ("ads" for "ads.link"), or None for a top-level label."""
    head, dot, _ = name.rpartition(".")
    return head if dot else None


def is_under(name: str, root: str) -> bool:
    """Say whether `name` is `root` or anywhere below it."""
    return name == root or name.startswith(root + ".")
