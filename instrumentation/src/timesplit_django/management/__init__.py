"""Django finds the package's management commands below this."""

from __future__ import annotations
