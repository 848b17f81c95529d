"""The headers of a request as a propagator asks for them: one or two, which are nearly never there.

Django's own mapping of them is made by going through all that the server has said of the request.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.http.request import HttpHeaders


class LookedFor(Mapping[str, str]):
    """A request without headers: `names` are, as `META` has them, those that are looked for.

    None stands for all of them.
    """

    def __init__(self) -> None:
        self.names: set[str] | None = set()

    def __getitem__(self, name: str) -> str:
        if self.names is not None:
            self.names.add(str(HttpHeaders.to_wsgi_name(name)))
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        self.names = None
        return iter(())

    def __len__(self) -> int:
        self.names = None
        return 0


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
