"""Alibaba Cloud's Content Moderation, in both versions that its clients speak.

dialect.py    which requests are in it
signing.py    three ways to sign, one `verify`
errors.py     the gateway's errors and the service's
labels.py     our labels in their words
answers.py    what answers are made from: a fresh result or a stored one
green2022.py  version 2022-03-02: TextModeration, ImageModeration and their like
green2018.py  version 2018-05-09: /green/text/scan, /green/image/scan and their like
faces.py      what is said of faces, and what is refused
"""

from evenhand.api.compat.alibaba.dialect import DIALECT

__all__ = ["DIALECT"]
