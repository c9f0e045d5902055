"""Labels of the taxonomy in the words of both API versions. docs/reference/dialects.md shows the same tables.

Each table is looked up from the label upwards: `sexual.nudity`, then `sexual`. None: not a matter of this table.
"""

from __future__ import annotations

from collections.abc import Mapping

from evenhand.domain import Finding, Source, is_under, parent

NOTHING_2022 = "nonLabel"
NORMAL = "normal"
UNSURE = "incomplete"  # ours: a detector gave no answer; silence would read as clean
CUSTOM = "customized"

Table = Mapping[str, str]

TEXT_2018: Table = {
    "sexual": "porn",
    "violence": "terrorism",
    "extremism": "terrorism",
    "harassment": "abuse",
    "hate": "abuse",
    "self_harm": "harmful",
    "contraband": "contraband",
    "ads": "ad",
    "spam": "spam",
    "spam.flood": "flood",
    "spam.gibberish": "meaningless",
    "politics": "politics",
    "known.black": CUSTOM,
    "known.review": CUSTOM,
}
# Scene -> label of a finding in the picture itself -> the vendor's word
SEEN_2018: Mapping[str, Table] = {
    "porn": {"sexual": "porn", "sexual.suggestive": "sexy", "known.black": "porn", "known.review": "porn"},
    "terrorism": {
        "violence": "violence",
        "violence.graphic": "bloody",
        "violence.weapon": "weapon",
        "violence.fire": "explosion",  # the vendor's word for fire, smoke and light
        "extremism": "others",
        "extremism.symbol": "logo",
        "politics": "politics",
        "self_harm": "others",
        "known.black": "others",
        "known.review": "others",
    },
    "ad": {"ads": "ad", "ads.qrcode": "qrcode", "known.black": "ad", "known.review": "ad"},
    "qrcode": {"ads.qrcode": "qrcode"},
    "live": {},
    "logo": {},
}
# The same for words read in it: all of them are a matter of the scene `ad`
READ_2018: Table = {
    "sexual": "porn",
    "violence": "terrorism",
    "extremism": "terrorism",
    "hate": "abuse",
    "harassment": "abuse",
    "self_harm": "abuse",
    "contraband": "contraband",
    "ads": "ad",
    "ads.qrcode": "qrcode",
    "spam": "spam",
    "politics": "politics",
    "known.black": "ad",
    "known.review": "ad",
}
SCENES = tuple(SEEN_2018)
VOICE_SCENES = ("antispam",)
# Scenes that nothing here looks for by itself; labels of an operator's own classes that end so answer them
_OWN_CLASSES: Mapping[str, Mapping[str, str]] = {
    "live": {"meaningless": "meaningless", "pip": "PIP", "smoking": "smoking", "drivelive": "drivelive"},
    "logo": {"tv": "TV", "trademark": "trademark", "logo": "trademark"},
}

TEXT_2022: Table = {
    "sexual": "sexual_content",
    "violence": "violence",
    "extremism": "violence",
    "hate": "negative_content",
    "harassment": "profanity",
    "harassment.threat": "cyberbullying",
    "self_harm": "negative_content",
    "contraband": "contraband",
    "ads": "ad",
    "spam": "ad",
    "spam.flood": "nonsense",
    "spam.gibberish": "nonsense",
    "politics": "political_content",
    "known.black": "C_customized",
    "known.review": "C_customized",
}
TEXT_PLUS: Table = {
    "sexual": "pornographic_adult",
    "sexual.suggestive": "sexual_suggestive",
    "violence": "violent_incidents",
    "violence.weapon": "violent_weapons",
    "violence.threat": "violent_incidents",
    "extremism": "violent_extremist",
    "hate": "inappropriate_discrimination",
    "harassment": "inappropriate_profanity",
    "harassment.profanity": "inappropriate_oral",
    "self_harm": "inappropriate_ethics",
    "contraband": "contraband_act",
    "contraband.drugs": "contraband_drug",
    "contraband.gambling": "contraband_gambling",
    "contraband.weapons_trade": "violent_weapons",
    "ads": "pt_by_recruitment",
    "ads.promotion": "pt_by_recruitment",
    "ads.contact": "pt_to_contact",
    "ads.link": "pt_to_sites",
    "ads.qrcode": "pt_to_sites",
    "spam": "contraband_act",
    "spam.bulk": "inappropriate_nonsense",
    "spam.flood": "inappropriate_nonsense",
    "spam.gibberish": "inappropriate_nonsense",
    "politics": "political_n",
    "known.black": CUSTOM,
    "known.review": CUSTOM,
}
SEEN_2022: Table = {
    "sexual": "pornographic_adultContent",
    "sexual.suggestive": "sexual_suggestiveContent",
    "violence": "violent_horrificContent",
    "violence.weapon": "violent_gunKnives",
    "violence.fire": "violent_explosion",
    "extremism": "violent_armedForces",
    "politics": "political_n",
    "self_harm": "violent_horrificContent",
    "ads": "pt_logotoSocialNetwork",
    "ads.qrcode": "pt_qrCode",
    "contraband": "contraband_drug",
    "contraband.gambling": "contraband_gamble",
    "known.black": "customized_lib",
    "known.review": "customized_lib",
}
READ_2022: Table = {
    "sexual": "pornographic_adultContent_tii",
    "violence": "violent_horrific_tii",
    "violence.weapon": "violent_gunKnives_tii",
    "extremism": "violent_horrific_tii",
    "hate": "racism_tii",
    "harassment": "profanity_offensive_tii",
    "harassment.profanity": "profanity_oral_tii",
    "self_harm": "violent_horrific_tii",
    "contraband": "contraband_certificate_tii",
    "contraband.drugs": "contraband_drug_tii",
    "contraband.gambling": "contraband_gamble_tii",
    "contraband.weapons_trade": "violent_gunKnives_tii",
    "ads": "pt_toDirectContact_tii",
    "ads.link": "pt_toSocialNetwork_tii",
    "ads.qrcode": "pt_qrCode",
    "spam": "pt_investment_tii",
    "politics": "political_n_tii",
    "known.black": "customized_lib",
    "known.review": "customized_lib",
}
_PIXELS = frozenset({Source.IMAGE, Source.FRAME})


def up(table: Table, label: str) -> str | None:
    """Look a label up, then the labels above it; None: it is not in this table."""
    known: str | None = label
    while known is not None:
        if known in table:
            return table[known]
        known = parent(known)
    return None


def text_2018(finding: Finding) -> str | None:
    """Give the label of a finding in a text, scene `antispam`."""
    return up(TEXT_2018, finding.label)


def in_scene(scene: str, finding: Finding) -> str | None:
    """Give the label of a finding in a picture within a scene; None: it is no matter of that scene."""
    own = _OWN_CLASSES.get(scene)
    if own is not None:
        last = finding.label.rpartition(".")[2]
        return next((word for name, word in own.items() if last == name or last.startswith(name + "_")), None)
    if finding.location.source in _PIXELS or is_under(finding.label, "known"):
        return up(SEEN_2018[scene], finding.label)
    if scene == "ad":
        return up(READ_2018, finding.label)
    return up(SEEN_2018["qrcode"], finding.label) if scene == "qrcode" else None


def answered(scene: str, known: frozenset[str]) -> bool:
    """Say whether anything here looks for a scene.

    Args:
        scene: one of SCENES.
        known: every label that a detector here can give.
    """
    own = _OWN_CLASSES.get(scene)
    if own is None:
        return True
    return any(label.rpartition(".")[2].startswith(tuple(own)) for label in known)


def text_2022(finding: Finding) -> str | None:
    """Give the label of a finding, TextModeration."""
    return up(TEXT_2022, finding.label)


def text_plus(finding: Finding) -> str | None:
    """Give the label of a finding, TextModerationPlus and spoken words."""
    return up(TEXT_PLUS, finding.label)


def picture_2022(finding: Finding) -> str | None:
    """Give the label of a finding in a picture or a frame."""
    seen = finding.location.source in _PIXELS
    return up(SEEN_2022 if seen else READ_2022, finding.label)


def meant(word: str) -> dict[str, float]:
    """Give the labels that a vendor's word for a text or a picture means, each as certain; {} for `normal`.

    Args:
        word: of a marking: "porn", "abuse", "normal".
    """
    tables = (TEXT_2018, *SEEN_2018.values(), READ_2018)
    found = [
        label for table in tables for label, name in table.items() if name == word and not label.startswith("known")
    ]
    return {found[0]: 1.0} if found else {}
