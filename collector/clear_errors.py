"""Ends a command with one line on standard error where the user can mend what is wrong."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from sqlalchemy.exc import SQLAlchemyError

from collector.journal.keys import JournalKeyError
from collector.store.engine import DatabaseURLError


@contextmanager
def clear_errors(*explained: type[Exception]) -> Iterator[None]:
    """Exit status 1 for what a database refuses, and for errors whose message says what to do."""
    known: tuple[type[Exception], ...] = (DatabaseURLError, JournalKeyError, *explained)
    try:
        yield
    except SQLAlchemyError as error:
        cause = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
        _fail(f"The database cannot be used: {cause}")
    except known as error:
        _fail(str(error))


def _fail(message: str) -> NoReturn:
    sys.stderr.write(f"timesplit: {message}\n")
    raise SystemExit(1)
