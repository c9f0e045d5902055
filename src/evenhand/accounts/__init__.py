"""Accounts of people, without a database: what roles may do, what a password must be, codes of a second factor.

Hashing, one-time codes and drawings of codes need the extra `console`; each is imported where it is used.
"""
