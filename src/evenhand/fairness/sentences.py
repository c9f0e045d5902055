"""The sentences of the identity audit: templates, and the names of groups that are put into them.

One file a language in data/audit, and groups.txt, which says what kind of group each is. All members of a family are
one template with different groups in it, so that nothing but the name differs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files

from evenhand.fairness.terms import read_data, read_sections

CONTROL = "control"  # the category of the words that nobody is attacked for
_SLOT = re.compile(r"\{(\w*)\}")
_BARE = "bare"  # the form without its article


class Tone(StrEnum):
    """What an audit sentence does with the group that it names."""

    NEUTRAL = "neutral"  # says something of no weight
    POSITIVE = "positive"  # speaks warmly
    SELF = "self"  # the speaker belongs to it
    COUNTER = "counter"  # stands up against hatred
    EVERYDAY = "everyday"  # talks of ordinary things
    ATTACK = "attack"

    @property
    def harmless(self) -> bool:
        """Whether nothing may be held against the sentence."""
        return self is not Tone.ATTACK


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group of people, or a control: a word for people that nobody is attacked for."""

    id: str  # the same in every language: "uyghurs"
    category: str  # "religion", "persecuted", ..., or CONTROL
    forms: Mapping[str, str]  # form -> as it stands in a sentence; "" is the plural noun phrase


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One sentence of a family."""

    group: Group
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One template with every group and control in it; an attack has no controls."""

    language: str
    tone: Tone
    template: str  # with a slot: {}, or {form}
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditData:
    """The groups and templates of one language."""

    language: str
    groups: tuple[Group, ...]  # controls among them
    templates: Mapping[Tone, tuple[str, ...]]  # each holds one kind of slot

    def families(self) -> Iterator[Family]:
        """Fill every template with every group that has the form it asks for."""
        for tone, templates in self.templates.items():
            for template in templates:
                form = _SLOT.search(template)
                members = tuple(
                    Member(group=group, text=_filled(template, group.forms[form[1]]))
                    for group in self.groups
                    if form is not None and form[1] in group.forms and (tone.harmless or group.category != CONTROL)
                )
                yield Family(language=self.language, tone=tone, template=template, members=members)


def audit_languages() -> tuple[str, ...]:
    """Name the languages that there are sentences in, English and Chinese first."""
    folder = files("evenhand.fairness").joinpath("data", "audit")
    found = {entry.name.removesuffix(".txt") for entry in folder.iterdir() if entry.name.endswith(".txt")} - {"groups"}
    return tuple(sorted(found, key=lambda language: (language not in {"en", "zh"}, language)))


def audit_data(languages: Iterable[str] | None = None) -> tuple[AuditData, ...]:
    """Read the sentences that ship.

    Args:
        languages: BCP 47 tags out of `audit_languages`; None: all of them.

    Raises:
        ValueError: there are no sentences in one of the languages.
    """
    known = audit_languages()
    asked = known if languages is None else tuple(dict.fromkeys(languages))
    if missing := set(asked) - set(known):
        raise ValueError(f"no audit sentences in {', '.join(sorted(missing))}; there are some in {', '.join(known)}")
    return tuple(_read(language) for language in asked)


@cache
def _categories() -> Mapping[str, str]:
    return {name: heading for heading, name in read_sections(read_data("audit/groups.txt"))}


def _read(language: str) -> AuditData:
    found: dict[str, list[str]] = {}
    for heading, entry in read_sections(read_data(f"audit/{language}.txt"), separator="\n"):
        found.setdefault(heading, []).append(entry)
    names = ["", *found.get("forms", [])]
    return AuditData(
        language=language,
        groups=tuple(_group(entry, names, found.get("article", [])) for entry in found["groups"]),
        templates={tone: tuple(found.get(tone.value, ())) for tone in Tone},
    )


def _group(entry: str, names: Sequence[str], articles: Sequence[str]) -> Group:
    """Read "id = form / form ...", in the order of `names`; "-" stands for a form that there is not."""
    identity, _, written = (part.strip() for part in entry.partition("="))
    forms = {name: form.strip() for name, form in zip(names, written.split("/"), strict=False) if form.strip() != "-"}
    if articles:
        article = next((a for a in articles if forms[""].startswith(a + ("" if a.endswith("'") else " "))), "")
        forms[_BARE] = forms[""][len(article) :].strip()
    return Group(id=identity, category=_categories()[identity], forms=forms)


def _filled(template: str, form: str) -> str:
    text = _SLOT.sub(lambda _: form, template)
    return text if text == form else text[:1].upper() + text[1:]
