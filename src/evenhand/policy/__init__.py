"""Policy: findings in, one decision out. A pure function of a versioned document; no I/O while deciding.

document.py reads YAML (limits, line numbers), schema.py checks its shape, build.py its meaning, into the frozen values
of model.py; evaluate.py decides by them and explain.py says why in one sentence. For those who write policies:
checking.py tells all problems with their places, edit.py changes values in the text, compare.py sets two documents
side by side, and template.py gives documents to start from.
"""

from evenhand.policy.checking import Checked, Trouble, check_document
from evenhand.policy.compare import compare
from evenhand.policy.document import default_policy, default_policy_text, load_policy
from evenhand.policy.edit import Change, edit, write_document
from evenhand.policy.evaluate import decide, heard
from evenhand.policy.model import Comparison, Condition, ContextTest, Line, Policy, Rule
from evenhand.policy.schema import policy_schema
from evenhand.policy.template import TEMPLATES, Template, template, templates

__all__ = [
    "TEMPLATES",
    "Change",
    "Checked",
    "Comparison",
    "Condition",
    "ContextTest",
    "Line",
    "Policy",
    "Rule",
    "Template",
    "Trouble",
    "check_document",
    "compare",
    "decide",
    "default_policy",
    "default_policy_text",
    "edit",
    "heard",
    "load_policy",
    "policy_schema",
    "template",
    "templates",
    "write_document",
]
