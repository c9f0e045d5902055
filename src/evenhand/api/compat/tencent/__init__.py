"""Tencent Cloud: TextModeration (TMS) and ImageModeration (IMS), version 2020-12-29.

dialect.py      DIALECT: which requests are Tencent Cloud's, and the actions there are
signing.py      TC3-HMAC-SHA256, verified; and signed, for shadow mode
moderation.py   the two actions
answers.py      what the policy makes of the vendor's labels, and the rows of answers
labels.py       labels of the taxonomy in the vendor's words
shadow.py       shadow mode
errors.py       errors, which the vendor sends with status 200
"""

from evenhand.api.compat.tencent.dialect import DIALECT

__all__ = ["DIALECT"]
