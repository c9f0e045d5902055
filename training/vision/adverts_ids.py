"""Made-up contact details and the ways in which people hide them in pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from training.vision.adverts_type import KEYCAP

_NAMES = ("lily", "sam", "top", "deal", "max", "anna", "boss", "fox", "mei", "star", "leo", "shop", "kk", "lin")
_SITES = ("bestdeal", "cheapbuy", "fastcash", "goodshop", "luckywin", "topsale", "mydiscount", "superprice")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A way to get in touch, in the two halves that a picture may show apart."""

    kind: str  # "phone", "messenger", "site", "mail"
    lead: str  # what stands before the id: "WeChat ID:"
    id: str


def contact(random: Random, language: str) -> Contact:
    """Make up a contact. Phone numbers are from the ranges kept for fiction, where the country has one."""
    kind = random.choices(("messenger", "phone", "site", "mail"), (5, 3, 1, 1))[0]
    name = random.choice(_NAMES) + random.choice(("", "_", "")) + random.choice(_NAMES) + str(random.randint(100, 9999))
    if kind == "site":
        ending = random.choice((".com", ".net", ".vip", ".top", ".xyz"))
        site = random.choice(_SITES) + str(random.randint(10, 999)) + ending
        lead = random.choice(("", "www.")) if language == "en" else random.choice(("网址：", "官网 www."))
        return Contact(kind=kind, lead=lead, id=site)
    if kind == "mail":
        home = random.choice(("gmail.com", "outlook.com") if language == "en" else ("qq.com", "163.com"))
        return Contact(kind=kind, lead="Email: " if language == "en" else "邮箱：", id=f"{name}@{home}")
    if kind == "phone":
        return _phone(random, language)
    if language == "zh":
        lead = random.choice(("微信：", "加微信 ", "VX：", "微信号 ", "加V：", "QQ：", "扣扣：", "TG：", "薇信 "))
        number = str(random.randint(10**8, 10**10 - 1))
        if lead in {"QQ：", "扣扣："}:
            return Contact(kind=kind, lead=lead, id=number)
        return Contact(kind=kind, lead=lead, id="@" + name if lead == "TG：" else name)
    lead = random.choice(("WhatsApp ", "Telegram: ", "WeChat ID: ", "Line ID: ", "Kik: ", "Snapchat: ", "Insta: "))
    if lead == "WhatsApp ":
        return Contact(kind=kind, lead=lead, id=f"+44 7700 900{random.randint(100, 999)}")
    return Contact(kind=kind, lead=lead, id=("@" if lead in {"Telegram: ", "Insta: "} else "") + name)


def _phone(random: Random, language: str) -> Contact:
    if language == "zh":
        start = random.choice(("131", "138", "150", "158", "177", "186", "199"))
        number = start + str(random.randint(10**7, 10**8 - 1))
        return Contact(kind="phone", lead=random.choice(("电话：", "手机 ", "联系电话 ", "微信同号 ", "")), id=number)
    area = random.choice(("202", "305", "415", "646", "713"))
    number = f"{area} 555 01{random.randint(10, 99)}"
    return Contact(kind="phone", lead=random.choice(("Call ", "Text ", "Tel: ", "Call or text ")), id=number)


def plain(random: Random, told: Contact) -> list[str]:
    """Write it as it is."""
    return [told.lead + told.id]


def split(random: Random, told: Contact) -> list[str]:
    """Break the id over lines, and often part it from what stands before it."""
    pieces = told.id.split(" ")
    if len(pieces) == 1:
        cut = random.randint(3, max(3, len(told.id) - 3))
        pieces = [told.id[:cut], told.id[cut:]]
        if told.kind == "phone" and random.random() < 0.5:
            pieces = [told.id[:3], told.id[3:7], told.id[7:]]
    lead = told.lead.strip()
    if lead and random.random() < 0.6:
        return [lead, *pieces]
    return [told.lead + pieces[0], *pieces[1:]]


def spaced(random: Random, told: Contact) -> list[str]:
    """Put something between the characters."""
    between = random.choice((" ", "-", ".", "*", "·") if told.kind == "phone" else (" ", "-"))
    if told.kind in {"site", "mail"}:
        between = " "
    return [told.lead + between.join(told.id.replace(" ", ""))]


def full_width(random: Random, told: Contact) -> list[str]:
    """Write letters and digits in their full-width forms."""
    return [_mapped(told.lead + told.id, lambda c: chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c)]


def emoji(random: Random, told: Contact) -> list[str]:
    """Write digits as keycaps."""
    return [told.lead + _mapped(told.id, lambda c: c + KEYCAP if c.isdigit() and c.isascii() else c)]


def circled(random: Random, told: Contact) -> list[str]:
    """Write digits in circles."""
    return [told.lead + _mapped(told.id, lambda c: "⓪①②③④⑤⑥⑦⑧⑨"[int(c)] if c.isdigit() else c)]


def lookalike(random: Random, told: Contact) -> list[str]:
    """Swap digits and letters for others that look like them, and the messenger's name for one that sounds like it."""
    swaps = {"0": "O", "1": "l"}
    chosen = {c: swaps[c] for c in swaps if random.random() < 0.8}
    lead = told.lead
    for name, other in (
        ("微信", random.choice(("薇信", "威信", "徽信", "V信", "薇❤信", "wei信"))),
        ("VX", random.choice(("V❤", "WX", "vⅩ"))),
        ("QQ", "扣扣"),
        ("Telegram", random.choice(("Teiegram", "T e l e g r a m", "TG"))),
        ("WhatsApp", random.choice(("Whats App", "WhatsApρ", "Wh@tsApp"))),
        ("WeChat", random.choice(("We Chat", "WeCh4t", "We-Chat"))),
    ):
        lead = lead.replace(name, other)
    return [lead + _mapped(told.id, lambda c: chosen.get(c, c))]


def words(random: Random, told: Contact) -> list[str]:
    """Say digits, dots and at-signs in words (Chinese numerals for Chinese numbers)."""
    if told.kind == "mail":
        return [told.lead + told.id.replace("@", random.choice((" (at) ", "[at]", " at "))).replace(".", " dot ")]
    if told.kind == "site":
        return [told.lead + told.id.replace(".", random.choice((" [dot] ", "(.)", " dot ")))]
    numerals = "零一二三四五六七八九" if random.random() < 0.6 else "零壹贰叁肆伍陆柒捌玖"
    share = 0.4 if any(c >= "\u4e00" for c in told.lead) or told.kind == "phone" else 0.0
    if not any(c >= "\u4e00" for c in told.lead):
        return [told.lead + " ".join(_said(c) if c.isdigit() else c for c in told.id.replace(" ", ""))]
    return [told.lead + _mapped(told.id, lambda c: numerals[int(c)] if c.isdigit() and random.random() < share else c)]


def stacked(random: Random, told: Contact) -> list[str]:
    """Write it from top to bottom, a character a line."""
    return list(told.lead.strip(" :：") + told.id.replace(" ", ""))


DISGUISES: dict[str, Callable[[Random, Contact], list[str]]] = {
    "plain": plain,
    "split over lines": split,
    "spaced": spaced,
    "full-width": full_width,
    "emoji digits": emoji,
    "circled digits": circled,
    "look-alikes": lookalike,
    "in words": words,
    "stacked": stacked,
}


def _said(digit: str) -> str:
    return ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")[int(digit)]


def _mapped(text: str, change: Callable[[str], str]) -> str:
    return "".join(change(c) for c in text)
