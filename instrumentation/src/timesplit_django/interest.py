"""Which requests travel with all their spans."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic
from typing import Final

from timesplit_django import settings as package_settings
from timesplit_django.queries import Group

KNOWN_ENDPOINTS: Final = 2000
KNOWN_STATEMENTS: Final = 20_000
REPEATED_EVERY_S: Final = 10.0
REPEATED_EVERY: Final = 50  # requests of the endpoint

# The estimate of an endpoint's slow requests rises and falls so that 1 in 50 lies above it.
_RISE: Final = 1.098
_FALL: Final = 0.998
_WARM_UP: Final = 20


@dataclass(slots=True)
class _Endpoint:
    requests: int = 0
    slow_ns: float = 0.0
    repeated_at: int = -REPEATED_EVERY
    repeated_at_s: float = -REPEATED_EVERY_S

    def is_slow(self, duration_ns: int) -> bool:
        """True for a request that is among the slowest of this endpoint so far."""
        slow = duration_ns > self.slow_ns
        if self.requests <= 1:
            self.slow_ns = float(duration_ns)
            return False
        self.slow_ns *= _RISE if slow else _FALL
        return slow and self.requests > _WARM_UP

    def may_repeat(self) -> bool:
        """True as often as a repeated query may make this endpoint's requests interesting.

        Both bounds hold, so that spans cost little whether requests are many or few.
        """
        now_s = monotonic()
        if self.requests - self.repeated_at < REPEATED_EVERY:
            return False
        if now_s - self.repeated_at_s < REPEATED_EVERY_S:
            return False
        self.repeated_at, self.repeated_at_s = self.requests, now_s
        return True


_endpoints: dict[str, _Endpoint] = {}
# The hashes of their texts, which may be long.
_statements: set[int] = set()


def is_interesting(name: str, duration_ns: int, groups: list[Group], failed: bool) -> bool:
    """Whether a finished request of the endpoint `name` travels with all its spans."""
    settings = package_settings.current()
    if settings.spans != "interesting":
        return settings.spans == "all"
    if len(_endpoints) >= KNOWN_ENDPOINTS:
        _endpoints.clear()
    endpoint = _endpoints.get(name)
    if endpoint is None:
        endpoint = _endpoints.setdefault(name, _Endpoint())
    endpoint.requests += 1
    every = settings.sample_every
    # Each of these learns from every request, so none may be left out for another's answer.
    verdicts = (
        failed,
        every > 0 and endpoint.requests % every == 1 % every,
        endpoint.is_slow(duration_ns),
        _has_new_statement(groups),
        _has_repeated_statement(groups, settings.repeated_queries) and endpoint.may_repeat(),
    )
    return any(verdicts)


def forget() -> None:
    """Know no endpoint and no statement."""
    _endpoints.clear()
    _statements.clear()


def _has_new_statement(groups: list[Group]) -> bool:
    found = False
    for group in groups:
        text_hash = hash(group.first.statement.text)
        if text_hash not in _statements and len(_statements) < KNOWN_STATEMENTS:
            _statements.add(text_hash)
            found = True
    return found


def _has_repeated_statement(groups: list[Group], repeats: int) -> bool:
    calls: dict[str, int] = {}
    for group in groups:
        text = group.first.statement.text
        calls[text] = calls.get(text, 0) + group.calls
    return bool(calls) and max(calls.values()) >= max(repeats, 1)
