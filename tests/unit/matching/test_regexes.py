"""Regular expressions of word lists: what is refused, and that hostile ones cost what others cost."""

from __future__ import annotations

import pytest

from evenhand.matching.regexes import MOST_EXPRESSIONS, Expressions, check_expression


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("(a", "missing"),
        ("a{1000}{1000}", "bad repetition"),
        ("(x{1000}y{1000}z{900}){100}", "repetition|too large"),
        ("((a{100}){100}){100}", "repetition|too large"),
        ("(?=a)b", "look-around"),
        (r"(a)\1", "references back"),
        ("a*", "empty text"),
        ("^", "empty text"),
        ("a" * 501, "500 characters"),
        ("\ud800", "valid Unicode"),
        ("*", "no argument"),
    ],
)
def test_what_is_refused(expression: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        check_expression(expression)


def test_places_are_code_points() -> None:
    found = Expressions([r"b+ü", r"\bcoins?\b"]).find("ÄÖ\U0001f600 abBÜ, Coin coined")
    assert found == [(0, 5, 8), (1, 10, 14)]


def test_what_kills_backtracking_is_looked_at_once() -> None:
    # In an engine that backtracks these take longer than the universe: 2**100_000 ways. Here each is read once.
    hostile = ["(a+)+$", "(a|aa)+$", "([a-z]+)*b$", r"(.*a){20}b$"]
    assert Expressions(hostile).find("a" * 100_000 + "!") == []


def test_the_number_of_places_is_bounded_so_that_going_on_is_not_quadratic() -> None:
    # Each place of `b` reads on to the end for `.*a`: without a bound that is quadratic
    found = Expressions([".*a|b"]).find("b" * 200_000)
    assert len(found) == 100
    with pytest.raises(ValueError, match=str(MOST_EXPRESSIONS)):
        Expressions(["x"] * (MOST_EXPRESSIONS + 1))
