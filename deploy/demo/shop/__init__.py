"""The demo shop: an ordinary Django application whose slow endpoints stand beside repaired twins."""

from __future__ import annotations
