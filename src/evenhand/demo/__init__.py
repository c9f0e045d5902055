"""The demo: a console full of synthetic contents, so that a newcomer sees it alive in a minute.

Contents are made of templates and drawn; they are checked by the real detectors, and people who do not exist review,
mark and appeal through the same functions of the store as everybody. Only the moments are moved into the past.
"""
