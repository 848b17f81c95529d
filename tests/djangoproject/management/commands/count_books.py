"""Asks the database once."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Prints the number of books, or fails."""

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--fail", action="store_true")

    def handle(self, *_: Any, **options: Any) -> str:
        from tests.djangoproject.models import Book

        if options["fail"]:
            raise RuntimeError("on purpose")
        return str(Book.objects.count())
