"""What people mark, as proposals: words, samples, thresholds, marks and examples that a second person approves.

    evidence.py     what people judged, with what was found and what is kept of it
    words.py        words that judged texts have more often than harmless ones
    thresholds.py   the score from which a label would be right more often
    deriving.py     evidence -> proposals
    deciding.py     a proposal approved, rejected, undone

Nothing here changes anything by itself.
"""
