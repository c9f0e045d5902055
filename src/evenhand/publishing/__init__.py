"""Policies in force, and the way there: what decides, what runs beside it, what a change would do, how it is undone.

Documents come from the store (`store.policies`, `store.policieslive`). inforce.py holds what decides and looks every
second whether it is still the same; course.py is one business line's share of it: the live version, the one that is
rolled out, the one in shadow mode; brakes.py stops a version that acts too much or too little; stored.py reads recorded
decisions back, on which blast.py shows what a draft would change and undoing.py undoes what a version did; judging.py
asks the fairness audit's questions; desk.py has the steps that people take.
"""
