"""`manage.py count_queries`: what every endpoint really asks of the database.

Requests each address once through Django's test client and counts with Django's own query log:
the truth to hold a dashboard against. Prints a line for each address, or JSON.
"""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext


class Command(BaseCommand):
    help = "Request each path once and count its queries."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", help="such as /api/slow/orders/?page=2")
        parser.add_argument("--json", action="store_true")

    def handle(self, *_args: Any, **options: Any) -> None:
        answers = [_answer(path) for path in options["paths"]]
        if options["json"]:
            self.stdout.write(json.dumps(answers))
            return
        for answer in answers:
            self.stdout.write(f"{answer['queries']:5d} queries  {answer['path']}")


def _answer(path: str) -> dict[str, Any]:
    client = Client(raise_request_exception=False)
    with CaptureQueriesContext(connection) as captured:
        response = client.get(path)
    return {
        "path": path,
        "status": response.status_code,
        "queries": len(captured),
        "body": response.content.decode(),
    }
