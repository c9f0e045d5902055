"""The refusals: every door shut to protected attributes and identity, and open to everything else."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.domain import TAXONOMY
from evenhand.errors import RefusedLabelError
from evenhand.fairness import refusal, refuse_label
from evenhand.fairness.terms import read_sections, terms

_SECTIONS = list(read_sections((Path(__file__).parent / "names.txt").read_text(encoding="utf-8"), separator=" "))
REFUSED = [name for section, name in _SECTIONS if section != "free"]
FREE = [name for section, name in _SECTIONS if section == "free"]


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    """What asks for an attribute, a group or a person is refused, with a message that says what to do."""
    with pytest.raises(RefusedLabelError, match="choose a name for what is said or shown"):
        refuse_label(name)


@pytest.mark.parametrize("name", FREE)
def test_free(name: str) -> None:
    """What merely looks alike, or names a harm, is free."""
    refuse_label(name)


def test_the_taxonomy_is_free() -> None:
    """No label of ours is refused, nor the segments they are made of."""
    for label in TAXONOMY:
        refuse_label(label)


def test_the_message_says_what_was_refused() -> None:
    """The door names itself and the kind of refusal; a long name is cut."""
    with pytest.raises(RefusedLabelError, match=r"library name 'r4ce' names a protected attribute .*race or ethnicity"):
        refuse_label("r4ce", where="library name")
    with pytest.raises(RefusedLabelError, match="too long to check") as caught:
        refuse_label("x" * 10_000)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(("name", "group"), [("muslim", True), ("religion", False), ("voiceprint", False)])
def test_groups_are_told_apart(name: str, group: bool) -> None:
    """A refusal says whether a group of people was named."""
    found = refusal(name)
    assert found is not None
    assert found.group is group


_LATIN = sorted(term for term in terms().words if term.isascii() and term.isalpha() and len(term) > 3)
_SEPARATORS = st.sampled_from(["", "", "", "_", "-", ".", " ", "/", "__", "\u200b", "\t", "\u3000", "·"])


@given(st.sampled_from(_LATIN), st.data())
def test_separators_and_case_open_no_door(term: str, data: st.DataObject) -> None:
    """Any refused term stays refused whatever is put between its letters and whichever are capitals."""
    flips = data.draw(st.lists(st.booleans(), min_size=len(term), max_size=len(term)))
    gaps = data.draw(st.lists(_SEPARATORS, min_size=len(term), max_size=len(term)))
    name = "".join((ch.upper() if up else ch) + gap for ch, up, gap in zip(term, flips, gaps, strict=True))
    assert refusal(name) is not None


@given(st.sampled_from(_LATIN), st.sampled_from(["", "is_", "face.", "my-", "hate.", "known."]))
def test_company_opens_no_door(term: str, before: str) -> None:
    """Words put before and behind a refused term do not free it."""
    assert refusal(f"{before}{term}_detector") is not None


@given(st.text(max_size=60))
def test_any_text_gets_an_answer(name: str) -> None:
    """Hostile names raise nothing but the refusal, and the answer does not depend on the moment."""
    assert refusal(name) == refusal(name)
