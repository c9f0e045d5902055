"""The operator's file of grounds: which label rests on which law or clause, what actions restrict, what people can do.

    platform: Example
    territory: [DE, FR]                  # or EU, EEA; where the restriction holds
    redress:                             # told in every statement, in this order
      complaint: https://example.org/complaints
      out_of_court: https://example.org/settlement
    actions:                             # what is done with the content; left out: as below
      block: DECISION_VISIBILITY_CONTENT_REMOVED
      mark: DECISION_VISIBILITY_CONTENT_LABELLED
    grounds:                             # the first whose label is the finding's, or above it, counts
      - label: hate
        ground: illegal                  # or incompatible: against the terms and conditions
        reference: § 130 StGB            # the law, or the clause
        url: https://example.org/terms#hate
        explanation: {en: Incitement to hatred., de: Volksverhetzung.}
        category: STATEMENT_CATEGORY_ILLEGAL_OR_HARMFUL_SPEECH
        keywords: [KEYWORD_HATE_SPEECH]

Without a file, categories are as below and no ground is named: statements say that it is missing, none is exported.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from evenhand.accounting.dsaterms import CATEGORIES, EEA, EU, KEYWORDS, VISIBILITIES
from evenhand.domain import is_under
from evenhand.errors import SettingsError
from evenhand.settings import Settings

_MOST_BYTES = 512 * 1024
_CATEGORY = {
    "sexual": "STATEMENT_CATEGORY_OTHER_VIOLATION_TC",
    "violence": "STATEMENT_CATEGORY_VIOLENCE",
    "extremism": "STATEMENT_CATEGORY_RISK_FOR_PUBLIC_SECURITY",
    "hate": "STATEMENT_CATEGORY_ILLEGAL_OR_HARMFUL_SPEECH",
    "harassment": "STATEMENT_CATEGORY_CYBER_VIOLENCE",
    "harassment.profanity": "STATEMENT_CATEGORY_OTHER_VIOLATION_TC",
    "self_harm": "STATEMENT_CATEGORY_SELF_HARM",
    "ads": "STATEMENT_CATEGORY_OTHER_VIOLATION_TC",
    "spam": "STATEMENT_CATEGORY_OTHER_VIOLATION_TC",
    "spam.scam": "STATEMENT_CATEGORY_SCAMS_AND_FRAUD",
    "contraband": "STATEMENT_CATEGORY_UNSAFE_AND_PROHIBITED_PRODUCTS",
}
_OTHER = "STATEMENT_CATEGORY_OTHER_VIOLATION_TC"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Ground(_Strict):
    """What a label's decisions rest on."""

    label: str = Field(min_length=1, max_length=200)
    ground: Literal["illegal", "incompatible"]
    reference: str = Field(min_length=1, max_length=500)
    url: str | None = Field(None, max_length=2_000, pattern=r"^https?://\S+$")
    explanation: Mapping[str, str] = Field({}, description="Language -> why such content falls under it.")
    category: str | None = None
    keywords: tuple[str, ...] = ()
    also_illegal: bool = False  # of an incompatible one: it is against the law, too

    @field_validator("category")
    @classmethod
    def _known_category(cls, value: str | None) -> str | None:
        if value is not None and value not in CATEGORIES:
            raise ValueError(f"no category of the transparency database; there are {', '.join(CATEGORIES)}")
        return value

    @field_validator("keywords")
    @classmethod
    def _known_keywords(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := [keyword for keyword in value if keyword not in KEYWORDS]:
            raise ValueError(f"no keyword of the transparency database: {', '.join(unknown)}")
        return value

    @field_validator("explanation")
    @classmethod
    def _short(cls, value: Mapping[str, str]) -> Mapping[str, str]:
        if any(len(text) > 2_000 for text in value.values()):
            raise ValueError("an explanation has at most 2000 characters")
        return value


class Redress(_Strict):
    """Where people turn to; `{id}` in an address stands for the decision's id."""

    complaint: str | None = Field(None, max_length=2_000, description="The platform's own complaint handling.")
    out_of_court: str | None = Field(None, max_length=2_000, description="A certified dispute settlement body.")
    court: bool = True


class Actions(_Strict):
    """What an action restricts."""

    block: str = "DECISION_VISIBILITY_CONTENT_REMOVED"
    mark: str | None = "DECISION_VISIBILITY_CONTENT_LABELLED"

    @field_validator("block", "mark")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        if value is not None and value not in VISIBILITIES:
            raise ValueError(f"no restriction of the transparency database; there are {', '.join(VISIBILITIES)}")
        return value


class Grounds(_Strict):
    """The whole file."""

    platform: str = Field("", max_length=200)
    territory: tuple[str, ...] = EU
    redress: Redress = Redress()
    actions: Actions = Actions()
    other: str = Field("", max_length=500, description="What DECISION_VISIBILITY_OTHER is.")
    grounds: tuple[Ground, ...] = ()

    @field_validator("territory", mode="before")
    @classmethod
    def _territory(cls, value: object) -> object:
        return {"EU": EU, "EEA": EEA}.get(value, value) if isinstance(value, str) else value

    @field_validator("territory")
    @classmethod
    def _countries(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value or (unknown := [country for country in value if country not in EEA]):
            raise ValueError(f"countries of the EEA by their two letters, EU or EEA; not {', '.join(unknown)}")
        return value

    def of(self, label: str) -> Ground | None:
        """Give the first ground that a label falls under; None: the operator named none."""
        return next((ground for ground in self.grounds if is_under(label, ground.label)), None)

    def category(self, label: str) -> str:
        """Give the transparency database's category of a label."""
        named = self.of(label)
        if named is not None and named.category is not None:
            return named.category
        fitting = [root for root in _CATEGORY if is_under(label, root)]
        return _CATEGORY[max(fitting, key=len)] if fitting else _OTHER


def read_grounds(settings: Settings) -> Grounds:
    """Read the file that the settings name; without one, the defaults.

    Raises:
        SettingsError: the file cannot be used; with the place and what is wrong.
    """
    return Grounds() if settings.grounds is None else load_grounds(settings.grounds)


def load_grounds(path: Path) -> Grounds:
    """Read a file of grounds; errors as `read_grounds`."""
    try:
        with path.open("rb") as stream:
            data = stream.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise SettingsError(f"{path.name}: the file of grounds is larger than {_MOST_BYTES // 1024} kB.")
        return Grounds.model_validate(yaml.safe_load(data.decode("utf-8")) or {})
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path.name}: the file of grounds cannot be read; set EVENHAND_GROUNDS.") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise SettingsError(f"{path.name}: the file of grounds is no YAML: {str(error)[:200]}.") from error
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors()[:10])
        raise SettingsError(f"{path.name}: {problems}.") from error
