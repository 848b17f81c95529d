"""Fixture plugins, one file for each resource that tests need."""

from __future__ import annotations

from hypothesis import settings

pytest_plugins = ["tests.fixtures.databases", "tests.fixtures.servers"]

# A machine that is busy with other tests is slow, which is no fault of the code under test.
settings.register_profile("timesplit", deadline=None)
settings.load_profile("timesplit")
