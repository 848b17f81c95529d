"""Routes as people read them: what URL configuration writes as regular expressions, simplified.

`^(?P<slug>[a-z]+)/([0-9]{4})/page-\\d+/$` is `<slug>/<var>/page-<var>/`. What a route may be without
is left out. Routes without expressions stay as they are. Django's documentation of views has the like
(`admindocs`), which repeats the beginning of a route with several unnamed groups.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

VARIABLE: Final = "<var>"

_TOKEN: Final = re.compile(
    r"""
    (?P<anchor>  [\^$] | \\[AbBZz] )
  | (?P<set>     \\[dDsSwW] | \[ \^? \]? (?:\\.|[^]\\])* \] )
  | \\ (?P<escaped> . )
  | (?P<open>    \( (?: \?P<(?P<name>\w+)> | \?P=(?P<again>\w+) | (?P<inline>\?[a-zA-Z-]*:)
                      | (?P<nothing> \?(?:<?[=!]|\#|[a-zA-Z]+(?=\))) ) )? )
  | (?P<close>   \) (?P<absent> [?*] | \{0(?:,\d*)?\} )? )
  | (?P<either>  \| )
  | (?P<repeat>  [?*+] | \{\d+(?:,\d*)?\} | \{,\d+\} )
  | (?P<literal> . )
    """,
    re.VERBOSE | re.DOTALL,
)
_SEVERAL: Final = re.compile(rf"(?:{VARIABLE}){{2,}}")
# A set of a single sign, which is written so that it need not be escaped.
_ONE_SIGN: Final = re.compile(r"\[\\?(.)\]", re.DOTALL)


def simplified(route: str) -> str:
    """The route with a name or `<var>` for each part of it that may differ."""
    text = _read(_TOKEN.finditer(route))[0]
    return _SEVERAL.sub(VARIABLE, text)


def _read(tokens: Iterator[re.Match[str]]) -> tuple[str, bool, bool]:
    """What stands before the end of a group or of all; whether there are alternatives to it, and
    whether it may be absent."""
    pieces: list[str] = []
    alternatives = False
    for token in tokens:
        kind = token.lastgroup
        if kind == "close":
            return "".join(pieces), alternatives, token["absent"] is not None
        if kind == "either":
            alternatives = True
        elif kind == "open":
            group = _group(token, tokens)
            pieces += [] if alternatives else [group]
        elif kind == "repeat":
            # Any sign stands for itself in most routes, a dot that nobody has escaped.
            if pieces and pieces[-1] == "." and not alternatives:
                pieces[-1] = VARIABLE
        elif kind != "anchor" and not alternatives:
            pieces.append(_sign(token))
    return "".join(pieces), alternatives, False


def _sign(token: re.Match[str]) -> str:
    if token.lastgroup == "set":
        one = _ONE_SIGN.fullmatch(token[0])
        return VARIABLE if one is None else one[1]
    return token["escaped"] or token[0]


def _group(token: re.Match[str], tokens: Iterator[re.Match[str]]) -> str:
    """What a group is shown as; `tokens` are those that follow its opening."""
    inside, alternatives, absent = _read(tokens)
    name = token["name"] or token["again"]
    if name is not None:
        return f"<{name}>"
    if token["nothing"] is not None or (absent and token["inline"] is not None):
        return ""
    return VARIABLE if alternatives or token["inline"] is None else inside
