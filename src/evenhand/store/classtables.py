"""The tables of custom classes: which there are, and their versions."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Float, Integer, LargeBinary, Table, Text

from evenhand.store.columns import Instant, ident
from evenhand.store.schema import metadata

custom_classes = Table(
    "custom_classes",
    metadata,
    Column("name", ident(), primary_key=True),
    Column("medium", Text, nullable=False),
    Column("deployed", Integer),  # number of the version that judges; NULL: none
    Column("previous", Integer),  # the one before it
    Column("last", Integer, nullable=False),  # number of the newest version: no number is given twice
)

class_versions = Table(
    "class_versions",
    metadata,
    Column("name", ident(), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("label", Text, nullable=False),
    Column("version", ident(), nullable=False),
    Column("space", Text, nullable=False),
    Column("weights", LargeBinary, nullable=False),
    Column("threshold", Float, nullable=False),
    Column("quality", JSON, nullable=False),
    Column("audit", JSON, nullable=False),
    Column("mistakes", JSON, nullable=False),
    Column("created_by", ident(), nullable=False),
    Column("created_at", Instant, nullable=False),
)
