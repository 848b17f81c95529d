"""The parts that a request's time is divided into, and the five categories they add up to.

A part is a small integer so that charging time to it is one list access.
"""

from __future__ import annotations

from typing import Final

PARTS: Final = (
    "connect",
    "execute",
    "fetch",
    "transaction",
    "external",
    "cache",
    "template",
    "serializer",
    "encode",
    "middleware",
    "view",
    "orm",
    "parse",
    "gc",
)

# One by one, so that compiled code has the numbers themselves.
CONNECT: Final = 0
EXECUTE: Final = 1
FETCH: Final = 2
TRANSACTION: Final = 3
EXTERNAL: Final = 4
CACHE: Final = 5
TEMPLATE: Final = 6
SERIALIZER: Final = 7
ENCODE: Final = 8
MIDDLEWARE: Final = 9
VIEW: Final = 10
ORM: Final = 11
PARSE: Final = 12
GC: Final = 13

# Half-open ranges of part numbers, in the order in which concurrent activities claim an instant.
CATEGORIES: Final = {
    "database": (CONNECT, EXTERNAL),
    "external": (EXTERNAL, CACHE),
    "cache": (CACHE, TEMPLATE),
    "render": (TEMPLATE, MIDDLEWARE),
    "python": (MIDDLEWARE, len(PARTS)),
}

# By part: the number of its category in that order.
CATEGORY_OF: Final = tuple(
    next(number for number, (first, end) in enumerate(CATEGORIES.values()) if first <= part < end)
    for part in range(len(PARTS))
)


def category_sums(part_ns: list[int]) -> dict[str, int]:
    """Nanoseconds by category. They add up to what the parts add up to, as integers."""
    return {
        "database": sum(part_ns[CONNECT:EXTERNAL]),
        "external": part_ns[EXTERNAL],
        "cache": part_ns[CACHE],
        "render": sum(part_ns[TEMPLATE:MIDDLEWARE]),
        "python": sum(part_ns[MIDDLEWARE:]),
    }
