"""Words and thresholds out of judgements."""

from __future__ import annotations

import random
from math import comb

import pytest

from evenhand.learning.thresholds import move
from evenhand.learning.words import _by_chance, candidates

HARMLESS = [f"the {name} club meets at noon in room {n}" for n, name in enumerate(["chess", "book", "tea"] * 20)]


def test_words_that_tell_are_proposed_and_groups_never() -> None:
    judged = [f"hello {n}, zorkcoins for every muslims reader tonight" for n in range(12)]
    found = candidates(judged, HARMLESS)
    values = [one.value for one in found]
    assert "zorkcoins" in values
    assert not any("muslim" in value for value in values)
    one = next(one for one in found if one.value == "zorkcoins")
    assert (one.judged, one.harmless) == (12, 0)
    assert one.chance < 1e-9


def test_what_is_common_in_harmless_texts_or_too_seldom_is_not_proposed() -> None:
    judged = [f"the chess club meets at noon in room {n}" for n in range(12)]
    assert candidates(judged, HARMLESS) == []
    assert candidates(["zorkcoins now"] * 4, HARMLESS) == []
    assert candidates([], HARMLESS) == candidates(["a b c"], []) == []


def test_one_long_text_proposes_nothing() -> None:
    assert candidates(["zorkcoins " * 1_000], HARMLESS) == []


def test_noise_proposes_nothing() -> None:
    rng = random.Random(3)
    words = [f"w{n:03}x" for n in range(300)]
    texts = [" ".join(rng.choices(words, k=20)) for _ in range(200)]
    assert candidates(texts[:50], texts[50:]) == []


def test_chinese_words_are_proposed_without_spaces() -> None:
    judged = [f"今天{n}号加薇芯领奖品" for n in range(10)]
    harmless = [f"今天{n}号我们去公园散步" for n in range(40)]
    assert any("薇芯" in one.value for one in candidates(judged, harmless))


@pytest.mark.parametrize(("count", "ours", "other", "theirs"), [(3, 5, 1, 10), (5, 5, 0, 14), (0, 5, 3, 9)])
def test_the_exact_test(count: int, ours: int, other: int, theirs: int) -> None:
    both = count + other
    ways = sum(comb(ours, x) * comb(theirs, both - x) for x in range(count, min(both, ours) + 1))
    assert _by_chance(count, ours, other, theirs) == pytest.approx(ways / comb(ours + theirs, both))


def test_a_threshold_moves_only_where_it_is_clearly_better() -> None:
    apart = [(0.8 + n / 500, True) for n in range(40)] + [(0.52 + n / 500, False) for n in range(40)]
    found = move(apart, 0.5)
    assert found is not None
    assert 0.6 < found.end <= 0.8
    assert found.precision[0].value == pytest.approx(0.5)
    assert found.precision[1].low > found.precision[0].high
    assert found.recall[1].value == pytest.approx(1.0)
    assert move(apart[:59], 0.5) is None  # 19 wrong ones: too few
    assert move(apart, found.end) is None
    rng = random.Random(1)
    mixed = [(rng.random(), rng.random() < 0.5) for _ in range(400)]
    assert move(mixed, 0.05) is None


def test_a_threshold_comes_down_where_right_findings_lie_below_it() -> None:
    judged = [(0.7 + n / 1000, True) for n in range(50)] + [(0.3 + n / 1000, False) for n in range(50)]
    found = move(judged, 0.9)
    assert found is not None
    assert found.end < 0.75
    assert found.recall[1].value == 1.0
