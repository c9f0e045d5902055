"""text.contact: promotion, overlaps, the folded view, and the contract."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.detectors.contact import ContactDetector
from evenhand.detectors.contact.detector import MAX_FINDINGS
from evenhand.detectors.contact.view import Folder, fold_table
from evenhand.testing import DetectorContract, text_part

PROMOTED = [  # (language, text, lowest score)
    ("en", "50% off this week, order now at shop.example.com", 0.9),
    ("en", "Buy followers, best price, dm me @seller_99", 0.9),
    ("en", "Earn money from home! WhatsApp +1 415 555 2671", 0.6),
    ("en", "Limited time special offer: make money today", 0.7),
    ("zh", "全场优惠，立即下单，加微信：abc_12345", 0.9),
    ("zh", "招代理，日赚500元，QQ：123456789", 0.9),
    ("zh", "正品包邮，欢迎咨询", 0.7),
    ("es", "Oferta: compra ahora en www.example.com", 0.9),
    ("pt", "Ganhe dinheiro em casa, clique aqui: https://example.com", 0.9),
    ("ru", "Заработок от 5000 руб, пишите в телеграм @seller_bob", 0.9),
    ("ar", "خصم كبير، للطلب واتساب 0501234567", 0.9),
    ("hi", "भारी छूट, ऑर्डर करें: 98765 43210", 0.6),
    ("ja", "今すぐ登録 https://example.com 送料無料", 0.9),
    ("ko", "할인 중! 지금 구매 https://example.com", 0.9),
]


@pytest.fixture(scope="module")
def detector() -> ContactDetector:
    return ContactDetector()


@pytest.mark.parametrize(("language", "text", "least"), PROMOTED, ids=range(len(PROMOTED)))
def test_promotion(detector: ContactDetector, language: str, text: str, least: float) -> None:
    (answer,) = detector.detect([text_part(text, language=language)])
    assert answer.scores.get("ads.promotion", 0.0) >= least


def test_one_place_one_finding(detector: ContactDetector) -> None:
    (answer,) = detector.detect([text_part("WhatsApp +1 415 555 2671 or mail a@example.com")])
    spans = [f.location.span for f in answer.findings if f.label == "ads.contact"]
    assert spans == [(0, 24), (33, 46)]
    assert "ads.link" not in answer.scores


def test_findings_are_bounded(detector: ContactDetector) -> None:
    (answer,) = detector.detect([text_part("a@example.com " * 5000)])
    assert len(answer.findings) == MAX_FINDINGS


def test_reason_does_not_repeat_the_contact(detector: ContactDetector) -> None:
    (answer,) = detector.detect([text_part("mail bob@example.com, telegram @seller_bob")])
    assert answer.findings
    assert not any("bob" in f.reason for f in answer.findings)


def test_every_fold_is_one_to_one() -> None:
    assert all(len(plain) == 1 and plain != chr(code) for code, plain in fold_table().items())


@given(st.lists(st.text(st.characters(codec=None), max_size=30), max_size=5))
def test_view_leads_back(texts: list[str]) -> None:
    for text, view in zip(texts, Folder().fold(texts), strict=True):
        for place in range(len(view.text)):
            start, end = view.span(place, place + 1)
            assert 0 <= start < end <= len(text)
            original = text[start]
            assert view.text[place] in {original, original.lower(), "\ufffd"} or ord(original) in fold_table()


class TestContract(DetectorContract):
    def make(self) -> ContactDetector:
        return ContactDetector()
