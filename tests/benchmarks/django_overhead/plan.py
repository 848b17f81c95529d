"""What is compared with what: the variants of the application, its views, and their turns."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final

BARE: Final = "bare"
CONTROL: Final = "control"
DEFAULT: Final = "timesplit"
EVERY_SPAN: Final = "timesplit-all"
INTERPRETED: Final = "timesplit-interpreted"
STOCK: Final = "opentelemetry"
VARIANTS: Final = (BARE, CONTROL, DEFAULT, EVERY_SPAN, INTERPRETED, STOCK)
# Those that the package as it is installed measures; the sources themselves are INTERPRETED.
COMPILED: Final = (DEFAULT, EVERY_SPAN)
# Those whose spans the sink can count, and of them those that send all their spans.
COUNTED: Final = (DEFAULT, EVERY_SPAN, INTERPRETED, STOCK)
COUNTED_WHOLLY: Final = (EVERY_SPAN, STOCK)

STOCK_PACKAGES: Final = (
    "opentelemetry-instrumentation",
    "opentelemetry-instrumentation-dbapi",
    "opentelemetry-instrumentation-django",
    "opentelemetry-instrumentation-psycopg",
    "opentelemetry-instrumentation-wsgi",
    "opentelemetry-util-http",
)
INSTALL_STOCK: Final = f"python -m pip install --no-deps {' '.join(STOCK_PACKAGES)}"


@dataclass(frozen=True)
class View:
    """One kind of request. A turn is long enough for one export to weigh as little as in service."""

    name: str
    path: str
    queries: int
    turn_requests: int


PLAIN: Final = View("plain, 0 queries", "/plain/", 0, 100)
ONE_QUERY: Final = View("1 query", "/one/", 1, 50)
LIST: Final = View("DRF list, 10 queries", "/list/", 10, 15)
NESTED: Final = View("DRF nested, 147 queries", "/nested/", 147, 3)
TABLE: Final = View("template, 200 rows, 2 queries", "/table/", 2, 6)
STATEMENTS: Final = View("150 bare statements", "/statements/", 150, 10)
ROWS: Final = View("DRF, 200 rows of 10 fields, 1 query", "/rows/", 1, 8)
VIEWS: Final = (PLAIN, ONE_QUERY, LIST, NESTED, ROWS, TABLE, STATEMENTS)


def stock_is_installed() -> bool:
    """Whether OpenTelemetry's instrumentation of Django and psycopg can be imported."""
    names = ("opentelemetry.instrumentation.django", "opentelemetry.instrumentation.psycopg")
    try:
        return all(find_spec(name) is not None for name in names)
    except ModuleNotFoundError:
        return False
