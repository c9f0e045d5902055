"""Migrations of the store, shipped inside the package so that an installed wheel can migrate.

Files are named `r<number>_<step>_<what>.py`. A `pre` step only adds (tables, nullable columns, indexes): it is run
while the previous release still serves, and that release keeps working on it. A `post` step removes what no release
in use needs any more, and ships one release later. Each step works on SQLite and on PostgreSQL, in one transaction.
"""
