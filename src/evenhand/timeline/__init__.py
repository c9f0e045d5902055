"""Fusion: findings of a recording become incidents on its timeline. Pure: no I/O, no models.

Findings with a time are grouped by the top of their label (`violence.weapon` and `violence.threat` are both violence;
neutral marks by the label itself, libraries' matches by the label and the library). Findings of a group that touch, or
are no further apart than the gap, are one incident.

The score of an incident, from the scores s of its findings:

1. In each modality the strongest finding counts. Being found again raises it a little, since a model that errs once
   errs again on the same picture: `1 - (1 - s) ** (1 + 0.1 * log2(n))` for n moments, the exponent at most 1.4.
2. Modalities that are independent of each other are joined as such: `1 - product(1 - s)`. What is said and what the
   subtitles say is one and the same; those under 0.3 are left out.
3. It is never under the strongest finding, and never over 0.995 unless that is.
"""

from evenhand.timeline.copies import copies
from evenhand.timeline.incidents import incidents, modality

__all__ = ["copies", "incidents", "modality"]
