"""`make demo`: a Django shop under traffic, measured by Timesplit on this machine alone."""

from __future__ import annotations
