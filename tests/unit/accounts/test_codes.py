"""One-time codes as RFC 6238 has them, and recovery codes."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest

from evenhand.accounts import codes

_SECRET = base64.b32encode(b"12345678901234567890").decode()  # of RFC 6238, appendix B


@pytest.mark.parametrize(
    ("second", "code"),
    [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
    ],
)
def test_codes_are_the_standards(second: int, code: str) -> None:
    now = datetime.fromtimestamp(second, UTC)
    step = second // 30
    assert codes.matched_step(_SECRET, code, now) == step
    assert codes.matched_step(_SECRET, f" {code[:3]} {code[3:]} ", now) == step
    for seconds in (-30, 30):
        assert codes.matched_step(_SECRET, code, now + timedelta(seconds=seconds)) == step
    for seconds in (-90, 90):
        assert codes.matched_step(_SECRET, code, now + timedelta(seconds=seconds)) is None


@pytest.mark.parametrize("code", ["", "28708", "2870823", "28708a", "２８７０８２", "\x00" * 6, "-87082"])
def test_what_is_no_code_is_none(code: str) -> None:
    assert codes.matched_step(_SECRET, code, datetime.fromtimestamp(59, UTC)) is None


def test_an_address_is_drawn_without_markup_of_its_name() -> None:
    address = codes.uri(codes.new_secret(), name='<script>"&ü</script>')
    assert "<" not in address
    drawn = codes.drawn(address)
    assert drawn.startswith("<svg")
    assert "script" not in drawn


def test_recovery_codes_belong_to_one_person() -> None:
    made = codes.new_recovery_codes()
    assert len(set(made)) == 10
    first = codes.recovery_hash(made[0], owner="ada")
    assert first == codes.recovery_hash(f" {made[0].upper().replace('-', '')} ", owner="ada")
    assert first != codes.recovery_hash(made[0], owner="eve")
    assert len(codes.recovery_hash("\ud800", owner="ada")) == 64
