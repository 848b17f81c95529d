"""Prints the OpenAPI description, without a database: the page's types are generated from it."""

from __future__ import annotations

import json
import sys

from sqlalchemy import create_engine

from dashboard_api.app import create_app


def main() -> None:
    """Write the description to standard output, in a stable order."""
    description = create_app(create_engine("sqlite://")).openapi()
    json.dump(description, sys.stdout, indent=2, sort_keys=True)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
