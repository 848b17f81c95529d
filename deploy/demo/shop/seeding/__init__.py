"""Fills the shop: the same rows for the same version and size, on SQLite and PostgreSQL."""

from __future__ import annotations
