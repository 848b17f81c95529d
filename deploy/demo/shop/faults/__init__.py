"""One file a fault: the slow endpoint, what is wrong with it, and its repaired twin."""

from __future__ import annotations
