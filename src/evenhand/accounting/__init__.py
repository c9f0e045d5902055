"""Accounting for decisions: why one was made, whether it would be made again, and what all of them amount to.

    statements.py   a statement of reasons for one decision, in words of seven languages (data/languages)
    grounds.py      the operator's file: which label rests on which law or clause
    dsa.py          statements in the schema of the EU's transparency database (data/sor.schema.json)
    replay.py       a decision made again with the policy that made it, and with the detectors where that can be
    figures.py      what a period amounts to, in numbers; `tables` out of which dashboards, reports and alerts are made
    alerts.py       thresholds on figures

It reads the store and decides nothing. Below `jobs`, whose housekeeping looks at alerts; above `app`, which replays.
"""
