"""Pages of a list: the opaque cursor that says where the next one begins.

A cursor holds the question it belongs to, the range, so that `from=-1h` means the same hour on
every page, and the key of the last row shown. Keys put rows in a total order, so the next page
begins after that key, whatever has been added meanwhile.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from dashboard_api.api.problems import ProblemError
from dashboard_api.api.time_range import LATEST_S, MINUTE_S
from dashboard_api.rollup_queries.selection import Selection

Row = TypeVar("Row")
Key = tuple[int | float | str, ...]

_FOREIGN: Final = (
    "This cursor belongs to another question. Leave `cursor` out to start at the first page."
)


@dataclass(frozen=True)
class Paging:
    """What a request says about pages; `range_text` is its `from` and `to`, as written."""

    limit: int
    cursor: str | None = None
    range_text: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class Page:
    """Which rows to show: `limit` of them after the key `after`, the first ones where None."""

    selection: Selection
    limit: int
    after: Key | None
    question: str

    def rows_of(
        self, rows: Sequence[Row], key: Callable[[Row], Key]
    ) -> tuple[Sequence[Row], str | None]:
        """The page's rows in the order of their keys, and the cursor of the page after it."""
        keyed = sorted(((key(row), row) for row in rows), key=lambda pair: pair[0])
        if self.after is not None:
            try:
                keyed = [pair for pair in keyed if pair[0] > self.after]
            except TypeError as error:
                raise foreign_cursor() from error
        shown = keyed[: self.limit]
        more = len(keyed) > self.limit
        return [row for _, row in shown], self.cursor_after(shown[-1][0]) if more else None

    def cursor_after(self, key: Key) -> str:
        """The cursor of the page that begins after the row with this key."""
        fields = [self.question, self.selection.from_s, self.selection.to_s, *key]
        compact = json.dumps(fields, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(compact).decode().rstrip("=")


def largest_first(value: float, identifier: int) -> Key:
    """The key that puts large values first and unknown ones (NaN) last."""
    return (1, 0.0, identifier) if math.isnan(value) else (0, -value, identifier)


def foreign_cursor() -> ProblemError:
    """The problem of a cursor that this question did not give out."""
    return ProblemError(422, _FOREIGN, "cursor")


def page_asked_for(selection: Selection, paging: Paging, *question: object) -> Page:
    """The page that a request asks for; `question` is what else decides rows and their order."""
    narrowed = (selection.service, selection.environment, selection.release)
    asked = repr((paging.range_text, narrowed, question)).encode()
    digest = hashlib.sha256(asked).hexdigest()[:16]
    if paging.cursor is None:
        return Page(selection, paging.limit, None, digest)
    theirs, from_s, to_s, after = _read(paging.cursor)
    if theirs != digest:
        raise foreign_cursor()
    return Page(replace(selection, from_s=from_s, to_s=to_s), paging.limit, after, digest)


def _read(cursor: str) -> tuple[str, int, int, Key]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        question, from_s, to_s, *after = json.loads(base64.urlsafe_b64decode(padded))
    except (ValueError, TypeError, RecursionError) as error:
        raise foreign_cursor() from error
    if not (_is_minute(from_s) and _is_minute(to_s) and from_s < to_s):
        raise foreign_cursor()
    return str(question), from_s, to_s, tuple(after)


def _is_minute(unix_s: object) -> bool:
    return type(unix_s) is int and 0 <= unix_s <= LATEST_S and unix_s % MINUTE_S == 0
