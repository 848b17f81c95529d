"""What may be known of a statement's text outside the process: its shape, without literals.

Django's own SQL has placeholders already. In hand-written SQL every string and number is replaced
by `?` and comments are dropped; names, quoted or not, stay, except where they are what PostgreSQL's
`SET` gives a setting: a schema for each tenant, say. A text that cannot be read to its end
(an open quote) is cut there, so that what follows is never taken for a name. MySQL and MariaDB
read backslashes and double quotes in their own way.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any, Final

CACHED_TEXTS: Final = 4096
CACHED_CHARACTERS: Final = 4_000_000
READ_CHARACTERS: Final = 16_384

_LETTER: Final = r"A-Za-z_\u0080-\U0010ffff"
_COMMON: Final = rf"""
    (?P<comment>   --[^\n]* | /\*.*?\*/ )
  | (?P<string>    {{string}} )
  | (?P<name>      {{quoted_name}} | `(?:[^`]|``)*` | \[[{_LETTER}][\w ]*\] | [{_LETTER}][\w$]* )
  | (?P<dollar>    \$(?P<tag>[{_LETTER}]\w*)?\$ .*? \$(?P=tag)\$ | \$\$ .*? \$\$ )
  | (?P<parameter> %s | %\(\w+\)s | \$\d+ | :[{_LETTER}]\w* | \? )
  | (?P<number>    0[xX][0-9A-Fa-f_]+ | (?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)? )
  | (?P<open>      ['"`] | /\* | \$(?:[{_LETTER}]\w*)?\$ )
  | (?P<space>     \s+ )
"""
_STANDARD: Final = re.compile(
    _COMMON.format(
        string=r"[eE]'(?:[^'\\]|\\.|'')*' | (?:[bBxXnN]|[uU]&)?'(?:[^']|'')*'",
        quoted_name=r'(?:[uU]&)?"(?:[^"]|"")*"',
    ),
    re.VERBOSE | re.DOTALL,
)
_MYSQL: Final = re.compile(
    _COMMON.format(
        string=r"""(?:[bBxXnN]|_\w+\s*)?'(?:[^'\\]|\\.|'')*' | "(?:[^"\\]|\\.|"")*" """,
        quoted_name=r"(?!)",
    ),
    re.VERBOSE | re.DOTALL,
)

_SETTING: Final = re.compile(
    rf"""
    (SET\s(?:(?:SESSION|LOCAL)\s)?[\w.]+\s?(?:=|\sTO\s)\s?)
    ((?:"(?:[^"]|"")*+"|[{_LETTER}][\w$]*+|[?,\s])++)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_SET_VALUE: Final = re.compile(r'"(?:[^"]|"")*"|[^?,\s"]+')

_TRANSACTION: Final = frozenset(
    {"BEGIN", "COMMIT", "END", "RELEASE", "ROLLBACK", "SAVEPOINT", "START"}
)
_CHANGING: Final = frozenset({"DELETE", "INSERT", "MERGE", "REPLACE", "UPDATE"})
_TARGET: Final = re.compile(
    r"""\b(?:FROM|INTO|UPDATE|JOIN|TABLE)\s+(?:ONLY\s+)?((?:"[^"]+"|`[^`]+`|[\w$]+)(?:\.(?:"[^"]+"|`[^`]+`|[\w$]+))*)""",
    re.IGNORECASE,
)


class Statement:
    """A statement's text as it may be sent, and what its first word says."""

    __slots__ = ("causes", "changes_rows", "controls_transaction", "operation", "summary", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        # By endpoint, for whoever looks for the cause once.
        self.causes: dict[str | None, Any] = {}
        self.operation = text.lstrip("( ").partition(" ")[0].partition("(")[0].upper()[:20]
        self.controls_transaction = self.operation in _TRANSACTION
        self.changes_rows = self.operation in _CHANGING
        target = _TARGET.search(text)
        self.summary = f"{self.operation} {_plain(target[1])}" if target else self.operation


_known: Final[defaultdict[str, dict[str, Statement]]] = defaultdict(dict)
_known_characters: Final[defaultdict[str, int]] = defaultdict(int)


def known_statements(system: str) -> dict[str, Statement]:
    """By the text that a cursor was given: what `statement_of` has answered, for a while."""
    return _known[system]


def statement_of(sql: Any, system: str, limit: int, cursor: Any = None) -> Statement:
    """The statement of what was given to a cursor: a string, or what its driver composes."""
    text = sql if isinstance(sql, str) else _as_text(sql, cursor)
    statement = _known[system].get(text)
    if statement is None:
        shape = without_literals(text, system)[:limit]
        statement = Statement(text if shape == text else shape)
        if len(text) <= READ_CHARACTERS:
            _remember(system, text, statement)
    return statement


def _remember(system: str, text: str, statement: Statement) -> None:
    known = _known[system]
    characters = _known_characters[system] + len(text) + len(statement.text)
    if len(known) >= CACHED_TEXTS or characters > CACHED_CHARACTERS:
        known.clear()
        characters = len(text) + len(statement.text)
    known[text] = statement
    _known_characters[system] = characters


def without_literals(sql: str, system: str = "") -> str:
    """The text with `?` for every literal, without comments, runs of white space as one blank."""
    pieces: list[str] = []
    end = 0
    text = sql[:READ_CHARACTERS]
    pattern = _MYSQL if system in ("mysql", "mariadb") else _STANDARD
    for token in pattern.finditer(text):
        if token.start() > end:
            pieces.append(text[end : token.start()])
        kind = token.lastgroup
        if kind == "open":
            return "".join([*pieces, "?"]).strip()
        piece = _replaced(kind, token[0])
        if piece != " " or not pieces or pieces[-1] != " ":
            pieces.append(piece)
        end = token.end()
    pieces.append(text[end:])
    shape = "".join(pieces).strip()
    return shape if pattern is _MYSQL else _without_values_set(shape)


def _without_values_set(shape: str) -> str:
    setting = _SETTING.fullmatch(shape)
    return setting[1] + _SET_VALUE.sub("?", setting[2]) if setting else shape


def _replaced(kind: str | None, token: str) -> str:
    if kind in ("name", "parameter"):
        return token
    if kind in ("space", "comment"):
        return " "
    return "?"


def _as_text(sql: Any, cursor: Any) -> str:
    if isinstance(sql, bytes):
        return sql.decode("utf-8", "replace")
    as_string = getattr(sql, "as_string", None)
    return str(as_string(cursor)) if as_string is not None else f"({type(sql).__name__})"


def _plain(name: str) -> str:
    return name.replace('"', "").replace("`", "")
