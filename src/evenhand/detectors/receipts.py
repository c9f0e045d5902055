"""Doubt about spam and advertising where the words of a picture are those of a receipt, which models mistake for it.

Short lines of names, numbers and telephone numbers read like a mass mailing. A receipt is known by its form: most of
its lines are amounts, dates, numbers of things or words of a till, and they speak of a sum, of how it was paid, and of
what the paper is. Whoever wants an advert to pass for one has to bury it under more lines of a receipt than it has
itself. So the doubt is bounded, and the lines that no till prints are read once more by themselves: an advert between
them keeps most of its score.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from evenhand.domain import Source, TextPart

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LESS = 4.0  # log-odds taken off: .5 becomes .02, .98 becomes .47
LESS_ALONE = 2.5  # log-odds taken off what the other lines score by themselves: .97 becomes .73, .99 becomes .89
DOUBTED = ("spam.bulk", "spam.scam", "ads.promotion")
_SHARE = 0.6  # least share of lines that a till prints
_LINES, _AMOUNTS, _KINDS = 8, 3, 3  # least lines, lines with an amount, and kinds of words of a till
_BOUND = 1e-6
# Kinds of words of a till, in the languages of receipts that could be looked at or are widely printed. Whole words, and
# as readers of blurred print get them: letters only, so that "TAXINVOICE" and "TAX INVOICE" are one.
_WORDS = {
    "sum": "total subtotal grandtotal netttotal nettotal amountdue balancedue rounding summe gesamt zwischensumme "
    "gesamtbetrag montant sous-total importe suma totale subtotale 合计 总计 小计 总额 应付 应收",
    "paid": "cash change card credit debit visa mastercard tender tendered paid bar rückgeld kartenzahlung espèces "
    "especes rendu carte efectivo cambio tarjeta contanti resto carta 现金 找零 刷卡 实收 微信支付 支付宝",
    "paper": "receipt invoice taxinvoice cashbill cashsale cashsales bill quittung rechnung beleg kassenbon facture "
    "ticket reçu recu factura recibo scontrino ricevuta fattura 小票 小票号 收据 发票 单号 流水号",
    "tax": "tax gst vat sst mwst ust tva iva 税 税额 税率",
    "goods": "qty quantity price item items disc discount amount menge preis anzahl quantité prix cantidad precio "
    "quantità prezzo 数量 单价 金额 品名",
    "till": "cashier till station terminal trans transaction kasse kassierer caissier cajero cassa 收银员 收银",
}
_AMOUNT = re.compile(r"(?<![\d.,])-?(?:[^\W\d_]{0,3}|[$€£¥￥])\s?\d{1,3}(?:[ ,.]?\d{3})*[.,]\d{2}(?![\d.,]\d)")
_DATE = re.compile(r"\d{1,4}[-./年]\d{1,2}[-./月]\d{1,4}|\d{1,2}[:：]\d{2}")
_LETTERS = re.compile(r"[^\W\d_]")


def is_receipt(text: str) -> bool:
    """Say whether the lines of a text are those of a receipt."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < _LINES:
        return False
    kinds = frozenset[str]().union(*map(_kinds, lines))
    enough = "sum" in kinds and len(kinds) >= _KINDS and sum(map(_amount, lines)) >= _AMOUNTS
    return enough and sum(map(_printed, lines)) >= _SHARE * len(lines)


def doubted(part: TextPart) -> bool:
    """Say whether a part is words read in a picture, of a receipt."""
    return part.origin.source is Source.OCR and is_receipt(part.text)


def rest(text: str) -> str:
    """Give the lines that no till prints."""
    return "\n".join(line for line in text.splitlines() if line.strip() and not _printed(line))


def lowered(rows: NDArray[np.float32], alone: NDArray[np.float32], labels: Sequence[str]) -> NDArray[np.float32]:
    """Lower what receipts are mistaken for.

    Args:
        rows: float32[n, labels], scores of the text's windows.
        alone: float32[labels], scores of its `rest`; 0 where there is none.
        labels: names of the columns.

    Returns:
        float32[n, labels], none above `rows`.
    """
    import numpy as np

    was = _odds(rows)
    now = np.minimum(was, np.maximum(was - LESS, _odds(alone) - LESS_ALONE))
    mistaken = np.array([label in DOUBTED for label in labels])
    return np.where(mistaken, 1 / (1 + np.exp(-now)), rows).astype(np.float32)


def told(was: float, now: float) -> str:
    """Say what the doubt did to a score; empty where it did nothing that shows."""
    return (
        f"lowered from {was:.2f} to {now:.2f} by the receipt that it stands in" if f"{was:.2f}" != f"{now:.2f}" else ""
    )


def _kinds(line: str) -> frozenset[str]:
    """Give the kinds of words of a till in a line."""
    words = re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)?", line.casefold())
    found = {kind for word in (*words, "".join(words)) if (kind := _table().get(word)) is not None}
    return frozenset(found | {kind for word in words if not word.isascii() for kind in _inside(word)})


def _inside(word: str) -> set[str]:
    """Give the kinds whose Chinese words stand in a run of letters, which has no spaces to go by."""
    return {kind for known, kind in _table().items() if "\u4e00" <= known[0] <= "\u9fff" and known in word}


def _amount(line: str) -> bool:
    return _AMOUNT.search(line) is not None


def _printed(line: str) -> bool:
    """Say whether a line is what a till prints."""
    return bool(_kinds(line)) or _amount(line) or _numbers(line)


def _odds(scores: NDArray[np.float32]) -> NDArray[np.float64]:
    import numpy as np

    kept = np.clip(scores.astype(np.float64), _BOUND, 1 - _BOUND)
    odds: NDArray[np.float64] = np.log(kept / (1 - kept))
    return odds


def _numbers(line: str) -> bool:
    """Say whether a line is numbers, a date or a time, and little else."""
    if _DATE.search(line):
        return True
    letters = len(_LETTERS.findall(line))
    return sum(sign.isdigit() for sign in line) > letters or letters <= 2


@cache
def _table() -> dict[str, str]:
    return {word: kind for kind, words in _WORDS.items() for word in words.split()}
