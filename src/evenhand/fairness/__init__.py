"""Fairness: what evenhand refuses to infer, and how that refusal is enforced.

`refuse_label` stands at every door through which a label can come in: detectors' declarations, third-party plug-ins,
operators' libraries, policies and model cards. `audit_words` refuses lists that rest on the name of a group alone,
and `audit_decisions` shows where swapping the group in a sentence changes the decision.
"""

from evenhand.fairness.audit import IdentityAudit, WordProblem, audit_decisions, audit_words
from evenhand.fairness.refused import Refusal, refusal, refuse_label

__all__ = ["IdentityAudit", "Refusal", "WordProblem", "audit_decisions", "audit_words", "refusal", "refuse_label"]
