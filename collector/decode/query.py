"""What a span of a database asks, by the semantic conventions of OpenTelemetry, old and stable."""

from __future__ import annotations

from typing import Final, NamedTuple

from collector.decode import attributes as names
from collector.decode.category import place_of
from collector.decode.request import UNKNOWN_SITE, CallSite
from collector.decode.span import Span

_TRANSACTION: Final = frozenset(
    {"BEGIN", "START", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "ABORT", "END"}
)
_MAX_LINE: Final = (1 << 31) - 1


class Asked(NamedTuple):
    """A statement as it was sent, and where in the application; empty where that is unknown."""

    system: str
    text: str
    file: str
    line: int
    function: str

    @property
    def site(self) -> CallSite:
        """Where in the application it was sent."""
        return CallSite(self.file, self.line, self.function)


Returned = tuple[int, int | None]
"""How long a query lasted within its request, in nanoseconds, and how many rows it returned."""


def asked_by(span: Span) -> Asked | None:
    """What the span asks a database; None where it asks none, or begins and ends transactions."""
    if place_of(span).category != "database":
        return None
    text = names.text_of(span.attributes, *names.DB_TEXT, *names.DB_OPERATION)
    words = text.split(None, 1)
    if not words or words[0].strip(";").upper() in _TRANSACTION:
        return None
    system = names.text_of(span.attributes, *names.DB_SYSTEM)
    return Asked(system, text, *_call_site(span))


def rows_of(span: Span) -> int | None:
    """How many rows the database returned; None where the span does not say."""
    rows = names.integer_of(span.attributes, names.DB_ROWS)
    return rows if rows is not None and 0 <= rows <= _MAX_LINE else None


def _call_site(span: Span) -> tuple[str, int, str]:
    file = names.text_of(span.attributes, *names.CODE_FILE)
    if not file:
        return (UNKNOWN_SITE.file, UNKNOWN_SITE.line, UNKNOWN_SITE.function)
    line = names.integer_of(span.attributes, *names.CODE_LINE)
    if line is None or not 0 <= line <= _MAX_LINE:
        line = 0
    return (file, line, names.text_of(span.attributes, *names.CODE_FUNCTION))
