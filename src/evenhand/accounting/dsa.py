"""Statements in the schema of the EU's transparency database, in batches that one call of its API takes.

The schema is data/sor.schema.json, after the database's API documentation; every statement is checked against it before
it is given out. What cannot be stated completely is left out, with the reason: a ground is never made up.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from evenhand.accounting.dsaterms import MOST_TOGETHER
from evenhand.accounting.grounds import Grounds
from evenhand.accounting.statements import NothingToStateError, Statement, state
from evenhand.store import Store

_LANGUAGES = frozenset(
    {"BG", "CS", "DA", "DE", "EL", "EN", "ES", "ET", "FI", "FR", "GA", "HR"}
    | {"HU", "IT", "LT", "LV", "MT", "NL", "PL", "PT", "RO", "SK", "SL", "SV"}
)
_GROUND, _EXPLANATION, _FACTS, _OTHER = 500, 2_000, 5_000, 500  # characters that the API takes
_MOST_TOLD = 100


@dataclass(slots=True)
class Left:
    """What an export left out."""

    counts: dict[str, int] = field(default_factory=dict)  # why -> how many
    ids: list[str] = field(default_factory=list)  # of the first of those that miss something

    def add(self, why: str, decision_id: str | None = None) -> None:
        """Count one."""
        self.counts[why] = self.counts.get(why, 0) + 1
        if decision_id is not None and len(self.ids) < _MOST_TOLD:
            self.ids.append(decision_id)


def as_sor(made: Statement) -> dict[str, Any]:
    """Give a statement as the API takes it.

    Args:
        made: a statement with a ground.

    Raises:
        ValueError: it has none, or does not fit the schema.
    """
    ground = made.ground
    if ground is None:
        raise ValueError("no ground is named for these labels")
    out: dict[str, Any] = {
        "decision_visibility": [made.decision_visibility],
        "decision_ground": {
            "illegal": "DECISION_GROUND_ILLEGAL_CONTENT",
            "incompatible": "DECISION_GROUND_INCOMPATIBLE_CONTENT",
        }[ground.ground],
        "content_type": [made.content_type],
        "category": made.category,
        "territorial_scope": sorted(made.territory),
        "content_date": made.submitted_at.date().isoformat(),
        "application_date": made.decided_at.date().isoformat(),
        "decision_facts": made.facts[:_FACTS],
        "source_type": "SOURCE_VOLUNTARY",
        "automated_detection": "Yes" if made.automated_detection else "No",
        "automated_decision": made.automated_decision,
        "puid": made.decision_id,
    }
    if made.decision_visibility == "DECISION_VISIBILITY_OTHER":
        out["decision_visibility_other"] = made.decision_visibility_other[:_OTHER]
    if made.content_type == "CONTENT_TYPE_OTHER":
        out["content_type_other"] = made.kind[:_OTHER]
    if ground.ground == "illegal":
        out["illegal_content_legal_ground"] = ground.reference[:_GROUND]
        out["illegal_content_explanation"] = made.explanation[:_EXPLANATION]
    else:
        out["incompatible_content_ground"] = ground.reference[:_GROUND]
        out["incompatible_content_explanation"] = made.explanation[:_EXPLANATION]
        out["incompatible_content_illegal"] = "Yes" if ground.also_illegal else "No"
    if ground.url:
        out["decision_ground_reference_url"] = ground.url
    if ground.keywords:
        out["category_specification"] = list(ground.keywords)
    language = made.content_language[:2].upper()
    if language in _LANGUAGES:
        out["content_language"] = language
    if problems := faults(out):
        raise ValueError(problems[0])
    return out


def batches(
    store: Store, documents: Iterable[Mapping[str, Any]], grounds: Grounds, *, language: str = "en", left: Left
) -> Iterator[dict[str, Any]]:
    """Give the bodies of calls of the API, with at most a hundred statements each.

    Args:
        store: where the policies are.
        documents: decisions, with `review` where a person judged.
        grounds: the operator's.
        language: of the words in it.
        left: filled in with what was left out, complete once all batches were taken.

    Raises:
        InputError: there are no words in that language.
        StoreError: the database refused or cannot be reached.
    """
    together: list[dict[str, Any]] = []
    for document in documents:
        try:
            together.append(as_sor(state(store, document, grounds, language=language)))
        except NothingToStateError:
            left.add("nothing is restricted")
        except ValueError as error:
            left.add(str(error), str(document["decision_id"]))
        if len(together) == MOST_TOGETHER:
            yield {"statements": together}
            together = []
    if together:
        yield {"statements": together}


def faults(sor: Mapping[str, Any]) -> list[str]:
    """Give what does not fit the schema, the first first; empty: it fits."""
    return [f"{'.'.join(map(str, one.absolute_path))}: {one.message}"[:300] for one in _validator().iter_errors(sor)]


@cache
def _validator() -> Any:
    from jsonschema import Draft202012Validator

    text = files("evenhand.accounting").joinpath("data", "sor.schema.json").read_text("utf-8")
    return Draft202012Validator(json.loads(text), format_checker=Draft202012Validator.FORMAT_CHECKER)
