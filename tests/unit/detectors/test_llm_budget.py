"""Budgets slide with time and never give more than they hold."""

from __future__ import annotations

import email.utils
import time

import pytest

from evenhand.detectors.llm_budget import Budget, BudgetSpentError
from evenhand.detectors.llm_client import retry_after
from evenhand.detectors.models_schema import Limits


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def limits(**given: int) -> Limits:
    names = ("requests_per_minute", "requests_per_day", "tokens_per_minute", "tokens_per_day")
    return Limits(**{name: given.get(name) for name in names})


@pytest.mark.parametrize(
    ("name", "most", "seconds", "word"),
    [
        ("requests_per_minute", 3, 62, "3 requests a minute"),
        ("requests_per_day", 3, 88_000, "3 requests a day"),
        ("tokens_per_minute", 30, 62, "30 tokens a minute"),
        ("tokens_per_day", 30, 88_000, "30 tokens a day"),
    ],
)
def test_a_limit_holds_until_its_time_has_passed(name: str, most: int, seconds: float, word: str) -> None:
    clock = Clock()
    budget = Budget(limits(**{name: most}), clock=clock)
    for _ in range(3):
        budget.reserve(10)
    for later in (0.0, seconds / 3, seconds / 2):
        clock.now = 1000.0 + later
        with pytest.raises(BudgetSpentError, match=word):
            budget.reserve(10)
    clock.now = 1000.0 + seconds
    budget.reserve(10)


def test_what_was_refused_is_not_counted() -> None:
    budget = Budget(limits(tokens_per_minute=30), clock=Clock())
    with pytest.raises(BudgetSpentError):
        budget.reserve(31)
    budget.reserve(30)


def test_a_guess_is_replaced_by_what_was_used() -> None:
    clock = Clock()
    budget = Budget(limits(tokens_per_minute=100), clock=clock)
    budget.settle(budget.reserve(90), used=20)
    budget.settle(budget.reserve(80), used=0)
    budget.reserve(80)
    with pytest.raises(BudgetSpentError):
        budget.reserve(1)


def test_settling_late_never_makes_room_that_was_not_there() -> None:
    clock = Clock()
    budget = Budget(limits(tokens_per_minute=100), clock=clock)
    reservation = budget.reserve(90)
    clock.now += 30
    budget.settle(reservation, used=10)
    clock.now += 32  # the reservation is out of the window now
    budget.reserve(100)
    with pytest.raises(BudgetSpentError):
        budget.reserve(1)


def test_no_limit_is_no_limit() -> None:
    budget = Budget(limits(), clock=Clock())
    for _ in range(1000):
        budget.reserve(10**6)


@pytest.mark.parametrize(
    ("value", "want"),
    [(None, None), ("7", 7.0), ("0.5", 0.5), ("-3", 0.0), ("1e9", 3600.0), ("inf", 3600.0), ("nan", None), ("x", None)],
)
def test_retry_after(value: str | None, want: float | None) -> None:
    assert retry_after(value) == want


def test_retry_after_as_a_date() -> None:
    assert 50 < (retry_after(email.utils.formatdate(time.time() + 60, usegmt=True)) or 0) <= 60
