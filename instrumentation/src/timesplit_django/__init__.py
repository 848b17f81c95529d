"""Where the time of every Django request goes: add "timesplit_django" to INSTALLED_APPS."""

from __future__ import annotations

from typing import Final

__version__: Final = "0.1.0"
