"""Makes the project's tables and fills them: ten authors, each with a book, each with a review."""

from __future__ import annotations

import django
from django.core.management import call_command


def main() -> None:
    django.setup()
    from tests.acceptance.truth.library.models import Author, Book, Review

    call_command("migrate", run_syncdb=True, verbosity=0)
    for number in range(10):
        author = Author.objects.create(name=f"Author {number}")
        book = Book.objects.create(author=author, title=f"Book {number}")
        Review.objects.create(book=book, stars=number % 5)


if __name__ == "__main__":
    main()
