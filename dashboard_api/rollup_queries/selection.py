"""What a question is about: a time range of whole minutes, and which services it is narrowed to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, select

from collector.store.tables import endpoints, releases, services


@dataclass(frozen=True)
class Selection:
    """The range is `[from_s, to_s)` in Unix seconds, both whole minutes; None does not narrow."""

    from_s: int
    to_s: int
    service: str | None = None
    environment: str | None = None
    release: str | None = None

    @property
    def narrows_services(self) -> bool:
        """Whether some services may be left out."""
        return self.service is not None or self.environment is not None

    def service_conditions(self) -> Iterator[ColumnElement[bool]]:
        """For rows of `services`."""
        if self.service is not None:
            yield services.c.name == self.service
        if self.environment is not None:
            yield services.c.environment == self.environment

    def endpoint_ids(self) -> Select[tuple[int]]:
        """The endpoints of the services selected."""
        chosen = select(services.c.id).where(*self.service_conditions())
        return select(endpoints.c.id).where(endpoints.c.service_id.in_(chosen))

    def release_ids(self) -> Select[tuple[int]]:
        """The releases of that name, of any service."""
        return select(releases.c.id).where(releases.c.name == self.release)
