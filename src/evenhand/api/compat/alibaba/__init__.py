"""Alibaba Cloud's Content Moderation, in both versions that its clients speak.

dialect.py         which requests are in it
signing.py         three ways to sign, one `verify`
errors.py          the gateway's errors and the service's
labels.py          our labels in their words
answers.py         what answers are made from: a fresh result or a stored one
faces.py           what is said of faces, and what is refused
green2022.py       version 2022-03-02: its actions; _calls reads them, _sync answers at once, _async later
green2018.py       version 2018-05-09: its addresses; likewise
media.py           recordings in the words of both
tasks.py           asynchronous calls as durable jobs
pushes.py          pushes of their answers
similar.py         libraries of similar pictures
shadowing.py       shadow mode of both versions
"""

from evenhand.api.compat.alibaba.dialect import DIALECT

__all__ = ["DIALECT"]
