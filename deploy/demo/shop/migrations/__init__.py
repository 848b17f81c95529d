"""Tables of the shop, as Django migrates them."""

from __future__ import annotations
