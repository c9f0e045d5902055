"""Fixtures shared by all tests."""

pytest_plugins = ["tests.postgres", "tests.browser"]
