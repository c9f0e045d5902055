"""What is done to a content once it is judged. Redaction takes what was found out of it.

redact.py          the door: a picture or a text in, the same with the findings covered out
redact_regions.py  which findings, and where: from the pixels that detectors saw to the file's own
redact_cover.py    how a region is covered so that it cannot be read back
redact_text.py     how a span of a text is
"""
