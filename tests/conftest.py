"""Fixture plugins, one file for each resource that tests need."""

from __future__ import annotations

pytest_plugins = ["tests.fixtures.databases", "tests.fixtures.servers"]
