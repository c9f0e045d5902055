"""Receipts: known by their form, doubted as spam within a bound, and no hiding place for an advert."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from evenhand.detectors.harm import HarmDetector
from evenhand.detectors.receipts import LESS, LESS_ALONE, is_receipt, lowered, rest
from evenhand.domain import Location, Source, TextPart
from evenhand.inference.packages import TEXT

ENGLISH = """CORNER SHOP SDN BHD
12, Jalan Mawar 7/4, 81200 Johor
TAX INVOICE
Invoice #:OR18032402170368
Item
Qty
Total
SR 10027- 2 Meat + 2 Vege
$8.70
1
$8.70
Total Amount: $9.20
GST @6%: $0.52
Payment Mode
CASH
$9.20
Change
$0.00
Thank You & Come Again!
Like and Follow Us on Facebook!
Facebook.com/CornerShop"""
CHINESE = "便民超市\n小票号:20931\n日期 2026/03/01\n牛奶 12.50\n面包 8.00\n合计: 20.50\n现金 30.00\n找零 9.50\n谢谢惠顾"
GERMAN = "Huber\nKassenbon\n2 Brezel 1,80\n1 Brot 3,90\nSumme EUR 5,70\nBar 10,00\nRückgeld 4,30\nMwSt 7% 0,37\n14:02"
ADVERT = "WIN BIG TONIGHT\nbonus 500.00 on your first deposit\nadd us on whatsapp 0123 456 789\nlimited offer 24h"
MENU = "MENU\nSoup 4.50\nSalad 6.00\nPasta 9.80\nFish 14.00\nCake 3.90\nTea 2.20\nCoffee 2.40\nopen 9:00"
PRICES = "SALE\n50% off\nshoes 19.99\nbags 29.99\nhats 9.99\ncoats 59.99\nbelts 7.99\nshirts 12.99\ncall 0123456789"


@pytest.mark.parametrize(("text", "expected"), [
    (ENGLISH, True),
    (CHINESE, True),
    (GERMAN, True),
    (ADVERT, False),
    (MENU, False),
    (PRICES, False),
    ("TOTAL 20.00\nCASH 20.00\nCHANGE 0.00", False),  # too little to be one
    (ADVERT + "\nhurry up\nRECEIPT\nTOTAL 9.60\nCASH 20.00\nCHANGE 9.82", False),  # a few of its lines under an advert
    ("", False),
])  # fmt: skip
def test_form(text: str, expected: bool) -> None:
    assert is_receipt(text) is expected


def test_the_rest_is_what_no_till_prints() -> None:
    assert rest("Shop\nTOTAL 9.60\n\n9.60\nfollow us") == "Shop\nfollow us"
    assert rest("TOTAL 9.60") == ""


def _logit(score: float) -> float:
    return float(np.log(score / (1 - score)))


@pytest.mark.parametrize(("was", "alone", "less"), [
    (0.98, 0.0, LESS),
    (0.98, 0.98, LESS_ALONE),  # the other lines say so, too
    (0.60, 0.99, 0.0),  # never raised
])  # fmt: skip
def test_the_doubt_is_bounded(was: float, alone: float, less: float) -> None:
    rows, own = np.full((2, 3), was, np.float32), np.full(3, alone, np.float32)
    found = lowered(rows, own, ("spam.bulk", "harassment.insult", "ads.promotion"))
    assert np.array_equal(found[:, 1], rows[:, 1])
    for column in (0, 2):
        assert [_logit(float(value)) for value in found[:, column]] == pytest.approx([_logit(was) - less] * 2, abs=1e-3)


@pytest.mark.skipif(importlib.util.find_spec(TEXT) is None, reason=f"{TEXT} is not installed")
def test_a_receipt_in_a_picture_is_no_spam_and_says_why() -> None:
    read, typed = Location(source=Source.OCR), Location(source=Source.TEXT)
    under = "\n".join([ADVERT, *ENGLISH.splitlines()[2:18]])
    detector = HarmDetector(threads=1)
    seen, sent, hidden = detector.detect([
        TextPart(text=ENGLISH, origin=read), TextPart(text=ENGLISH, origin=typed), TextPart(text=under, origin=read),
    ])  # fmt: skip
    assert sent.scores["spam.bulk"] > 0.8 > 0.75 > seen.scores["spam.bulk"]
    assert "spam.bulk" not in {finding.label for finding in seen.findings}
    assert any("spam.bulk lowered" in note and "receipt" in note for note in seen.notes)
    assert is_receipt(under)
    assert max(hidden.scores[label] for label in ("spam.bulk", "spam.scam", "ads.promotion")) >= 0.8
    assert any("by the receipt that it stands in" in finding.reason for finding in hidden.findings)
    assert all(finding.context is None for finding in hidden.findings)
