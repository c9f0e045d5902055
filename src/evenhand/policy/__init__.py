"""Policy: findings in, one decision out. A pure function of a versioned document; no I/O while deciding.

document.py reads YAML (limits, line numbers), schema.py checks its shape, build.py its meaning, into the frozen values
of model.py; evaluate.py decides by them and explain.py says why in one sentence.
"""

from evenhand.policy.document import default_policy, default_policy_text, load_policy
from evenhand.policy.evaluate import decide
from evenhand.policy.model import Comparison, Condition, ContextTest, Line, Policy, Rule
from evenhand.policy.schema import policy_schema

__all__ = [
    "Comparison",
    "Condition",
    "ContextTest",
    "Line",
    "Policy",
    "Rule",
    "decide",
    "default_policy",
    "default_policy_text",
    "load_policy",
    "policy_schema",
]
