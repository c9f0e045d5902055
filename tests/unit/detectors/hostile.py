"""Texts made to be slow. Run as a program (SIZE, then "module:Class" of each detector) it feeds them to detectors.

It prints the slowest for people to read; no test asserts a time.
"""

from __future__ import annotations

import importlib
import sys
import time

SEEDS = (
    "1", "1 ", "1-", "138", "1 3 8 0 ", "一", "1一", "一 三 ", "138.", "(1", "+1 ", "１", "①", "1\ufe0f\u20e3",
    "19700101", "1.1.1.", "a", "a.", "a@", "@", "@a", "a@a.", ".com", "a.com ", "a.b", "-", "a-", "www.",
    "http://", "http://a.com/", "hxxp:", "a dot ", " dot ", "[dot]", "a[.]", "(at)", " at ",
    "a at gmail dot com ", "点", "点c", "a点com", "。c", "例.中国 ", "例", "例子.", "\u200b", "a\u200b", "微信",
    "微信:",
    "微信a1", "加v", "vx:", "vx: ", "wx:a1b2c3 ", "qq", "qq1", "qq 1 2 3 4 5 6 ", "line:", "line id: ",
    "telegram ", "tg:@a", "add me on telegram ", "telegram: @abcd1 ", "whatsapp +1 ", "dm me @", "加我微信:",
    "buy now ", "discount ", "txt ", "txt to ", "text 12345", "call 4155552671 ", "4155552671 ",
    "+14155552671 ", "13800138000 ", "<", ":", "://", "/", "\\", "\"", "_", "&#1;", "😀", "😀\ufe0f", "👨\u200d",
    "e\u0301", "e" + "\u0301" * 9, "\u0301", "ha", "haha ", "x y ", "#a ", "@a ", "@a: ", "RT @a ", "asdfgh ",
    "qwrtzx", "жщфц ", "A", "Aa", "龘", "齉龘 ", "的", "あ", "ا", "\n", " ", "\t", "\0", "\ud800", "\U0010ffff", "ß",
    "İ", "\u3000", "ﬀ", "abcdefghij" * 7 + " ", "a" * 63 + ".",
)  # fmt: skip


def main() -> None:
    """Feed every text to every detector named."""
    from evenhand.testing import text_part

    size, slowest = int(sys.argv[1]), []
    for name in sys.argv[2:]:
        module, _, kind = name.partition(":")
        detector = getattr(importlib.import_module(module), kind)()
        detector.detect([text_part("warm up")])
        for seed in SEEDS:
            text = (seed * (size // len(seed) + 1))[:size]
            began = time.process_time()
            detector.detect([text_part(text)])
            slowest.append((round(time.process_time() - began, 2), kind, seed[:20]))
    for row in sorted(slowest, reverse=True)[:20]:
        print(*map(ascii, row))  # noqa: T201
    print("done")  # noqa: T201


if __name__ == "__main__":
    main()
