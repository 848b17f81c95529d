"""The headers of a request as a propagator asks for them: one or two, which are nearly never there.

Django's own mapping of them is made by going through all that the server has said of the request.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.http.request import HttpHeaders


class RequestHeaders(Mapping[str, str]):
    """Looks a header up in `META`, whatever the case of its name."""

    def __init__(self, meta: Mapping[str, Any]) -> None:
        self._meta = meta

    def __getitem__(self, name: str) -> str:
        return str(self._meta[HttpHeaders.to_wsgi_name(name)])

    def get(self, name: str, default: Any = None) -> Any:
        """The header's value."""
        return self._meta.get(HttpHeaders.to_wsgi_name(name), default)

    def __iter__(self) -> Iterator[str]:
        return iter(HttpHeaders(self._meta))

    def __len__(self) -> int:
        return len(HttpHeaders(self._meta))
