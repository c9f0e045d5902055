"""What people say about automatic decisions: how a verdict is read, and what it changes from then on.

    verdicts.py      a verdict as callers write it -> a Verdict that makes sense
    corrections.py   applied marks, in front of the policy's answer about the same content
    agreement.py     how well people agree: Cohen's kappa, Krippendorff's alpha

Who has which item, and what was said, is kept by the store (`store/review*.py`, `store/auditlog.py`).
"""
