"""Fairness: what evenhand refuses to infer, and how that refusal is enforced.

`refuse_label` stands at every door through which a label can come in: detectors' declarations, third-party plug-ins,
operators' libraries, policies and model cards. `audit_words` refuses lists that rest on the name of a group alone,
and `audit` measures what swapping the group in a sentence changes: decisions, scores, error rates by group.
"""

from evenhand.fairness.audit import Judge, JudgeLines, Judgement, audit, audit_lines
from evenhand.fairness.auditreport import AuditReport, Bounds
from evenhand.fairness.refused import Refusal, refusal, refuse_label
from evenhand.fairness.sentences import audit_data, audit_languages
from evenhand.fairness.wordlists import WordProblem, audit_words

__all__ = [
    "AuditReport",
    "Bounds",
    "Judge",
    "JudgeLines",
    "Judgement",
    "Refusal",
    "WordProblem",
    "audit",
    "audit_data",
    "audit_languages",
    "audit_lines",
    "audit_words",
    "refusal",
    "refuse_label",
]
