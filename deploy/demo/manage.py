"""Django's command line for the demo shop: `seed`, `count_queries`, `runserver` and the rest."""

from __future__ import annotations

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    if sys.argv[1:2] != ["runserver"]:  # what commands ask of the shop is nobody's traffic
        os.environ.setdefault("OTEL_SDK_DISABLED", "true")
    execute_from_command_line(sys.argv)
