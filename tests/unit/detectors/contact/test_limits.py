"""Limits are told, not hidden: where too many numbers were to be looked up, the answer is partial."""

from __future__ import annotations

import pytest

from evenhand.detectors.contact import ContactDetector, phones
from evenhand.domain import TextPart


def test_too_many_numbers_make_the_answer_partial(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "call +44 20 7946 0958 or +44 20 7946 0959 or +44 20 7946 0960"
    (whole,) = ContactDetector().detect([TextPart(text=text)])
    assert (len(whole.findings), whole.partial) == (3, None)
    monkeypatch.setattr(phones, "MAX_PARSES", 2)
    (cut,) = ContactDetector().detect([TextPart(text=text)])
    assert len(cut.findings) == 2
    assert "first 2 numbers" in (cut.partial or "")
