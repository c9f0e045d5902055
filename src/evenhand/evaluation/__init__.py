"""Evaluation: labelled rows through the real pipeline, and how well the answers fit.

lines.py and rows.py read, labels.py translates foreign label names, running.py asks the moderator, scorebook.py keeps
scores and truths (never texts), and the metrics (ranking.py, outcomes.py, calibration.py, intervals.py) are put
together by labelreport.py, slices.py and report.py. page.py and plots.py draw it as one HTML file.

A row that failed, or that a detector gave no answer for, is counted by itself and enters no metric: it is never clean.
"""

from evenhand.evaluation.labels import ANY, LabelMap
from evenhand.evaluation.report import Origin, Report, make_report
from evenhand.evaluation.rows import Fields, Row, Rows
from evenhand.evaluation.running import evaluate
from evenhand.evaluation.scorebook import Scorebook

__all__ = ["ANY", "Fields", "LabelMap", "Origin", "Report", "Row", "Rows", "Scorebook", "evaluate", "make_report"]
