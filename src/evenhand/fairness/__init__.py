"""Fairness: what evenhand refuses to infer, and how that refusal is enforced.

`refuse_label` stands at every door through which a label can come in: detectors' declarations, third-party plug-ins,
operators' libraries, policies and model cards.
"""

from evenhand.fairness.refused import refuse_label

__all__ = ["refuse_label"]
