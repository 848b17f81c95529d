"""Turns the SQL text that a client sent into the statement that it is an instance of.

Literals, comments and whatever a driver numbers by itself (savepoints, cursors) are taken out, and
lists of any length become one placeholder, so that what is left is a statement's shape and holds no
data of the application's users. PostgreSQL's own parser then tells which shapes are one statement;
for other databases, and for text that it does not understand, the shape itself does.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from typing import Final, NamedTuple

import pgparse

from collector.store.identity import stable_id

MAX_READ: Final = 65_536  # characters of a text that are looked at, once its lists are folded
MAX_SHOWN: Final = 8_192  # characters of a shape that are kept
_CACHED: Final = 8_192
_CACHED_TEXT: Final = 4_096  # a longer text is looked up by its hash

_POSTGRESQL: Final = frozenset({"postgresql", "postgres", "cockroachdb", "redshift"})
_BACKSLASH: Final = frozenset({"mysql", "mariadb", "clickhouse", "bigquery", "spanner", "hive"})
_QUOTED_NAMES: Final = _POSTGRESQL | {
    "sqlite",
    "oracle",
    "oracle.db",
    "mssql",
    "microsoft.sql_server",
    "db2",
    "ibm.db2",
    "snowflake",
    "firebird",
    "h2",
    "trino",
}
_OTHER_SYSTEM: Final = "other_sql"


class Statement(NamedTuple):
    """A statement without its literals. `id` is the same wherever its shape is the same."""

    id: int
    system: str
    summary: str
    text: str


def statement_of(system: str, text: str) -> Statement:
    """The statement that `text` is an instance of; never fails, whatever the text."""
    if len(text) > _CACHED_TEXT:
        return _by_hash(system, _LongText(text))
    return _by_text(system, text)


class _LongText:
    """A text that a cache knows by its hash, so that it does not keep the text alive."""

    __slots__ = ("_digest", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        encoded = text.encode("utf-8", "surrogatepass")
        self._digest = hashlib.blake2b(encoded, digest_size=16).digest()

    def __hash__(self) -> int:
        return hash(self._digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _LongText) and self._digest == other._digest


@lru_cache(maxsize=_CACHED)
def _by_hash(system: str, long: _LongText) -> Statement:
    text, long.text = long.text, ""
    return _by_shape(system, shape_of(system, text))


@lru_cache(maxsize=_CACHED)
def _by_text(system: str, text: str) -> Statement:
    return _by_shape(system, shape_of(system, text))


@lru_cache(maxsize=_CACHED)
def _by_shape(system: str, shape: str) -> Statement:
    system = system[:64].replace("\0", "") or _OTHER_SYSTEM
    identifier = stable_id(system, _fingerprint(system, shape))
    shown = shape if len(shape) <= MAX_SHOWN else shape[:MAX_SHOWN] + " ..."
    return Statement(identifier, system, summary_of(shape), shown)


def _fingerprint(system: str, shape: str) -> str:
    if system.lower() in _POSTGRESQL:
        try:
            fingerprint = pgparse.fingerprint(_numbered(shape))
        except (pgparse.PGQueryError, ValueError):
            pass
        else:
            # The parser takes `= %s` for `IN (%s)`: one query a row for one query in all.
            return f"{fingerprint} {len(_IN_LIST.findall(shape))}"
    return shape.lower()


_IN_LIST: Final = re.compile(r"\bIN \(", re.IGNORECASE)


def _numbered(shape: str) -> str:
    """The shape with `$1`, `$2`, ..., as PostgreSQL writes placeholders."""
    pieces = shape.split("%s")
    return "".join(
        piece if not number else f"${number}{piece}" for number, piece in enumerate(pieces)
    )


# --- The shape --------------------------------------------------------------------------------

_PLACEHOLDERS: Final = r"(?:%s|%\([^()]{1,100}\)s|\$\d+|\?|:\d+)"
_LONG_LIST: Final = re.compile(rf"({_PLACEHOLDERS})(?:\s*,\s*{_PLACEHOLDERS}){{2,}}")
_LONG_ROWS: Final = re.compile(
    rf"(\(\s*{_PLACEHOLDERS}\s*\))(?:\s*,\s*\(\s*{_PLACEHOLDERS}\s*\)){{2,}}"
)
# Without what ends a comment or another kind of quotes: an apostrophe in those begins no literal.
_LITERAL: Final = r"""(?:[-+]?\d[\d.]*+|'[^'"`\]$*\\\n]*+')"""
_LONG_LITERALS: Final = re.compile(rf"(?<![\w.])({_LITERAL})(?:\s*+,\s*+{_LITERAL}){{2,}}+")

_TOKENS: Final = r"""
    (?P<space>\s+|--[^\n]*|/\*)
  | (?P<literal>(?:[NnBbXx]|[Uu]&)?'{string}
      | (?P<tag>\$(?:[A-Za-z_\x80-\uffff][\w]*)?\$)
      | {double}
      | (?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+
         |(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?)(?![\w$])
      | %s | %\([^()]{{1,100}}\)s | \$\d+ | (?<![:\w]):\w+ | {mark} | @[Pp]\d+\b)
  | (?P<name>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[\w[\w ]*\]|[^\W\d][\w$]*|\#\w+)
  | (?P<percent>%%)
  | (?P<open_quote>['"`].*)
  | (?P<number>[\w$]+)
  | (?P<other>.)
"""
_STANDARD_STRING: Final = r"(?:[^']|'')*'"
_BACKSLASH_STRING: Final = r"(?:[^'\\]|\\.|'')*'"
_ESCAPE_STRING: Final = r"[Ee]'(?:[^'\\]|\\.|'')*'"
_DOUBLE_LITERAL: Final = r'"(?:[^"\\]|\\.|"")*"'
_NEVER: Final = r"(?!)"


@lru_cache(maxsize=64)
def _tokenizer(system: str) -> re.Pattern[str]:
    string = _BACKSLASH_STRING if system in _BACKSLASH else _STANDARD_STRING
    double = _NEVER if system in _QUOTED_NAMES else _DOUBLE_LITERAL
    if system in _POSTGRESQL:
        double = _ESCAPE_STRING
    mark = _NEVER if system in _POSTGRESQL else r"\?"  # PostgreSQL has operators of this name
    pattern = _TOKENS.format(string=string, double=double, mark=mark)
    return re.compile(pattern, re.VERBOSE | re.DOTALL)


def shape_of(system: str, text: str) -> str:
    """The text without literals, comments and lists, its white space made one blank."""
    text = _LONG_ROWS.sub(r"\1", _LONG_LIST.sub(r"\1", text.replace("\0", "")))
    if len(text) > MAX_READ:
        text = _LONG_LITERALS.sub(r"\1", text)[:MAX_READ]
    words = _words(_tokenizer(system.lower()), text)
    return _folded(_joined(words))


def _words(tokenizer: re.Pattern[str], text: str) -> list[str]:
    """The tokens that are kept; "" stands for white space."""
    words: list[str] = []
    position = 0
    while position < len(text):
        match = tokenizer.match(text, position)
        if match is None:  # every character is at least `other`
            break
        position = match.end()
        kind = match.lastgroup
        if kind == "tag" or match["tag"]:
            position = _past(text, match["tag"], position)
            words.append("%s")
        elif kind == "space":
            position = _past_comment(text, position) if match[0] == "/*" else position
            words.append("")
        elif kind in ("literal", "open_quote"):
            words.append("%s")
        elif kind == "name":
            words.append(_steady_name(match[0], words))
        else:
            words.append("%" if kind == "percent" else match[0])
    return words


def _past(text: str, end: str, position: int) -> int:
    found = text.find(end, position)
    return len(text) if found < 0 else found + len(end)


def _past_comment(text: str, position: int) -> int:
    """Past a comment that has begun; comments may hold comments."""
    depth = 1
    for match in re.compile(r"/\*|\*/").finditer(text, position):
        depth += 1 if match[0] == "/*" else -1
        if depth == 0:
            return match.end()
    return len(text)


def _steady_name(name: str, words: list[str]) -> str:
    """The name, unless a driver made it up for this one call."""
    before = next((word.upper() for word in reversed(words) if word), "")
    if before == "SAVEPOINT" or (before == "TO" and "ROLLBACK" in words[:1]):
        return name if name.upper() == "SAVEPOINT" else "%s"
    return "%s" if "_django_curs_" in name else name


def _joined(words: list[str]) -> str:
    """One text, with one blank where there was white space."""
    pieces: list[str] = []
    for word in words:
        if word:
            pieces.append(word)
        elif pieces and pieces[-1] != " ":
            pieces.append(" ")
    return "".join(pieces).strip().rstrip(";").rstrip()


_SIGNED: Final = re.compile(r"(?<=[(,=<>])( ?)[-+] ?%s")
_LIST: Final = re.compile(r"([(\[]) ?%s(?: ?, ?%s)* ?([)\]])")
_CUT_LIST: Final = re.compile(r"([(\[]) ?%s(?: ?, ?%s)*+(?: ?,)? ?$")
_LIST_OF_ROWS: Final = re.compile(r"\(\(%s\)(?: ?, ?\(%s\))+\)")
_CONSTANT: Final = re.compile(r"(?<=[(,])( ?)(?:NULL|DEFAULT|TRUE|FALSE)(?= ?[,)])", re.IGNORECASE)
_ROW: Final = r"\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)"
_VALUES: Final = re.compile(
    rf"\bVALUES ?({_ROW})(?: ?, ?{_ROW})*(?: ?, ?\([^()]*$)?", re.IGNORECASE
)


def _folded(shape: str) -> str:
    shape = _SIGNED.sub(r"\1%s", shape)
    if _VALUES.search(shape):
        shape = _VALUES.sub(r"VALUES \1", _CONSTANT.sub(r"\1%s", shape))
    shape = _CUT_LIST.sub(r"\1%s", _LIST.sub(r"\1%s\2", shape))
    return _LIST_OF_ROWS.sub("((%s))", shape)


# --- The summary ------------------------------------------------------------------------------

_IDENTIFIER: Final = (
    r'((?:"[^"]+"|`[^`]+`|\[[^\]]+\]|\w+)(?:\.(?:"[^"]+"|`[^`]+`|\[[^\]]+\]|\w+))*)'
)
_TARGETS: Final = {
    "SELECT": re.compile(rf"\bFROM (?:ONLY )?{_IDENTIFIER}", re.IGNORECASE),
    "WITH": re.compile(rf"\b(?:FROM|INTO|UPDATE) {_IDENTIFIER}", re.IGNORECASE),
    "DELETE": re.compile(rf"\bFROM (?:ONLY )?{_IDENTIFIER}", re.IGNORECASE),
    "INSERT": re.compile(rf"\bINTO {_IDENTIFIER}", re.IGNORECASE),
    "REPLACE": re.compile(rf"\bINTO {_IDENTIFIER}", re.IGNORECASE),
    "UPDATE": re.compile(rf"^UPDATE (?:ONLY )?{_IDENTIFIER}", re.IGNORECASE),
}
_MAX_SUMMARY: Final = 200
_QUOTES: Final = str.maketrans("", "", '"`[]')


def summary_of(shape: str) -> str:
    """What the statement does to which table: `SELECT shop_order`."""
    first = re.match(r"[^\W\d]+", shape.lstrip("( "))
    if first is None:
        return ""
    operation = first[0].upper()
    if operation not in _TARGETS:
        return (shape if shape.startswith("(") else operation)[:_MAX_SUMMARY]
    target = _TARGETS[operation].search(shape)
    if target is None:
        return operation
    name = target[1].translate(_QUOTES)
    return f"{operation} {name}"[:_MAX_SUMMARY]
