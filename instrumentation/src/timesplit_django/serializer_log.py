"""What serializers did in one request, by class and field: counters, and the time of a sample.

Exact: how many instances of each class were serialized (an instance whose field raised included),
how many queries each field caused, and their time. A query belongs to the field of the innermost
serializer that was at work; one that a serializer's own `to_representation` asks, outside any field
of REST framework's, belongs to none.

Estimated: `self_ns`, the time of a class and of each field without queries and without nested
serializers; of a class with a `to_representation` of its own, also what that does, of which it knows
no fields. The first two instances are timed, then some at random distances that grow: of 50
about 5, of 1,000 about 8. The first counts for itself, since it often pays for what the others
find ready; each later one for all since the one before it. `timed` says how many there were, and is
left out where it is all of them: then nothing is estimated. Together they are never more than the
request's `serializer` part. Where serializers of one request work in several threads at once, some
may be charged what others did.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise
from random import Random
from typing import Any, Final

from timesplit_django.accounting import Account
from timesplit_django.activity import identity_of
from timesplit_django.guard import guarded, report
from timesplit_django.parts import SERIALIZER
from timesplit_django.queries import Query
from timesplit_django.sites import name_of_serializer

SERIALIZERS: Final = 16
FIELDS: Final = 5
QUERYING_FIELDS: Final = 16
REST: Final = ""

# Of our own: an application may count on the numbers that its seed gives.
_random: Final = Random().random  # noqa: S311


class Usage:
    """What one class did, by its `name`. Times are by field; those of `None` belong to no field.

    `rest_ns` stands for the `represented` instances that came after the first. `identity` is an
    object that the request has for itself: serializers, which refer to one another in circles and
    so wait for the garbage collector, would keep the account alive.
    """

    __slots__ = (
        "first_ns",
        "identity",
        "instances",
        "name",
        "next_timed",
        "represented",
        "rest_ns",
        "timed",
    )

    def __init__(self, identity: object, name: str = "") -> None:
        self.identity = identity
        self.name = name
        self.instances = 0
        self.timed = 0
        self.represented = 0
        self.next_timed = 1
        self.first_ns: dict[str | None, int] = {}
        self.rest_ns: dict[str | None, int] = {}

    def choose(self) -> int:
        """Time the instance that begins, and choose the next; how many it stands for, the first 0."""
        weight = self.instances - self.represented - 1
        self.represented += weight
        distance = 1 if self.instances == 1 else 1 + int(_random() * 3 * self.instances)
        self.next_timed = self.instances + distance
        return weight

    def add(self, own_ns: dict[str | None, int], weight: int) -> None:
        """What an instance took that was timed."""
        self.timed += 1
        if weight == 0:
            self.first_ns = own_ns
            return
        for name, spent_ns in own_ns.items():
            self.rest_ns[name] = self.rest_ns.get(name, 0) + spent_ns * weight

    def field_ns(self) -> dict[str | None, float]:
        """For all instances, by what was timed."""
        scale = (self.instances - 1) / self.represented if self.represented else 0.0
        return {
            name: self.first_ns.get(name, 0) + self.rest_ns.get(name, 0) * scale
            for name in {**self.first_ns, **self.rest_ns}
        }


class Timing:
    """An instance that is being timed. `nested_ns` is what serializers inside its fields took.

    Nothing here raises: where something fails, the instance counts and is not timed.
    """

    __slots__ = ("_account", "_marks_ns", "_names", "_usage", "_weight", "nested_ns")

    def __init__(self, account: Account, usage: Usage) -> None:
        self._account = account
        self._usage = usage
        self._weight = usage.choose()
        self._names: list[str | None] = [None]
        self._marks_ns = [account.spent_ns(SERIALIZER)]
        self.nested_ns = 0

    def begin_field(self, field: Any) -> None:
        """What came before is over."""
        try:
            self._marks_ns.append(self._account.spent_ns(SERIALIZER) - self.nested_ns)
            self._names.append(field.field_name)
        except Exception:
            report("a serializer's field")

    @guarded
    def end(self) -> None:
        """The last field is over."""
        self._marks_ns.append(self._account.spent_ns(SERIALIZER) - self.nested_ns)
        own_ns = [end_ns - start_ns for start_ns, end_ns in pairwise(self._marks_ns)]
        self._usage.add(dict(zip(self._names, own_ns, strict=True)), self._weight)

    @guarded
    def spent_ns(self) -> int:
        """What has been spent until now."""
        return self._account.spent_ns(SERIALIZER)

    @guarded
    def leave_out(self, since_ns: int) -> None:
        """What has been spent since then was another serializer's."""
        self.nested_ns += self._account.spent_ns(SERIALIZER) - since_ns


class SerializerLog:
    """The serializers of one request. `timing` is the innermost instance that is being timed."""

    def __init__(self, account: Account) -> None:
        self.usages: dict[type, Usage] = {}
        self.own: dict[type, Usage] = {}  # of what classes do in a `to_representation` of their own
        self._representing: tuple[Any, Any] = (None, None)  # by which serializer, of what
        self.timing: Timing | None = None
        self._account = account

    def usage_of(self, serializer: Any) -> Usage:
        """That of its class."""
        usage = self.usages.get(type(serializer))
        if usage is None:
            usage = Usage(identity_of(self._account), name_of_serializer(serializer))
            self.usages[type(serializer)] = usage
        return usage

    def apart(self, to_representation: Any, serializer: Any, instance: Any) -> Any:
        """Serialize inside a field that is being timed, without its being that field's time."""
        timing, self.timing = self.timing, None
        since_ns = None if timing is None else timing.spent_ns()
        try:
            return to_representation(serializer, instance)
        finally:
            if timing is not None and since_ns is not None:
                timing.leave_out(since_ns)
            self.timing = timing

    def whole(self, own: Any, serializer: Any, args: tuple[Any, ...], kwargs: Any) -> Any:
        """Count an instance that a class represents itself, and time some.

        What it calls of its bases' is the same instance again. What other serializers do inside,
        and REST framework's for it, is not its time.
        """
        of_what = args[0] if args else None
        by, what = self._representing
        if by is serializer and what is of_what:
            return own(serializer, *args, **kwargs)
        usage = self._own_usage(serializer)
        outer = self.timing
        since_ns = None if outer is None else outer.spent_ns()
        timing = _timing(self._account, usage) if usage.instances >= usage.next_timed else None
        self.timing, self._representing = timing, (serializer, of_what)
        try:
            represented = own(serializer, *args, **kwargs)
            if timing is not None:
                timing.end()
            return represented
        finally:
            if outer is not None and since_ns is not None:
                outer.leave_out(since_ns)
            self.timing, self._representing = outer, (by, what)

    def _own_usage(self, serializer: Any) -> Usage:
        """That of its class, with one instance more."""
        usage = self.own.get(type(serializer))
        if usage is None:
            usage = Usage(identity_of(self._account), name_of_serializer(serializer))
            self.own[type(serializer)] = usage
        usage.instances += 1
        return usage

    def timed(self, usage: Usage, fields: Iterable[Any]) -> Iterator[Any]:
        """The fields: what passes between one and the next is the first one's time."""
        timing = _timing(self._account, usage)
        if timing is None:
            yield from fields
            return
        outer, self.timing = self.timing, timing
        for field in fields:
            timing.begin_field(field)
            yield field
        # Not reached where a field raises: then nothing is known of the instance.
        self.timing = outer
        timing.end()


@guarded
def _timing(account: Account, usage: Usage) -> Timing:
    return Timing(account, usage)


class _Totals:
    """What one class, by its name, did: fields as (self, queries, time of queries)."""

    def __init__(self) -> None:
        self.instances = self.timed = self.self_ns = 0
        self.fields: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])

    def cost_ns(self) -> int:
        return self.self_ns + sum(query_ns for _, _, query_ns in self.fields.values())


def digest_entries(
    log: SerializerLog, queries: Iterable[Query], serializer_ns: int
) -> list[dict[str, Any]]:
    """The costliest serializers with their fields, those that query and some that take long.

    The rest are in one entry each. `serializer_ns` is the request's `serializer` part, all that
    may have been spent.
    """
    by_name = _totals(log, serializer_ns)
    for query in queries:
        field = query.field
        if field is not None and field.serializer in by_name:
            figures = by_name[field.serializer].fields[field.field]
            figures[1] += 1
            figures[2] += query.execute_ns + query.fetch_ns
    ordered = sorted(by_name.items(), key=lambda item: item[1].cost_ns(), reverse=True)
    entries = [_entry(name, totals, FIELDS) for name, totals in ordered[:SERIALIZERS]]
    if rest := [totals for _, totals in ordered[SERIALIZERS:]]:
        entries.append(_entry(REST, _added(rest), 0))
    return entries


def _totals(log: SerializerLog, serializer_ns: int) -> dict[str, _Totals]:
    counted = [*log.usages.items(), *log.own.items()]
    measured = [usage.field_ns() for _, usage in counted]
    estimated_ns = sum(sum(field_ns.values()) for field_ns in measured)
    share = min(1.0, serializer_ns / estimated_ns) if estimated_ns > 0 else 0.0
    by_name: dict[str, _Totals] = defaultdict(_Totals)
    for (serializer, usage), field_ns in zip(counted, measured, strict=True):
        totals = by_name[usage.name]
        # One with a method of its own may ask REST framework's too: not for each instance.
        if usage is log.own.get(serializer, usage):
            totals.instances += usage.instances
            totals.timed += usage.timed
        for name, spent_ns in field_ns.items():
            spent = max(0, int(spent_ns * share))
            totals.self_ns += spent
            if name is not None:
                totals.fields[name][0] += spent
    return by_name


def _added(several: list[_Totals]) -> _Totals:
    """All of them as one whose fields are one."""
    total = _Totals()
    for totals in several:
        total.instances += totals.instances
        total.timed += totals.timed
        total.self_ns += totals.self_ns
        for figures in totals.fields.values():
            total.fields[REST] = [a + b for a, b in zip(total.fields[REST], figures, strict=True)]
    return total


def _entry(name: str, totals: _Totals, field_limit: int) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": name, "instances": totals.instances}
    if totals.timed != totals.instances:
        entry["timed"] = totals.timed
    if totals.self_ns:
        entry["self_ns"] = totals.self_ns
    fields = sorted(totals.fields.items(), key=_rank, reverse=True)
    if field_limit:
        querying = sum(1 for _, (_, queries, _) in fields if queries)
        field_limit = max(field_limit, min(querying, QUERYING_FIELDS))
    entry["fields"] = [
        _field_entry(field, totals.instances, figures) for field, figures in fields[:field_limit]
    ]
    if rest := fields[field_limit:]:
        added = [sum(column) for column in zip(*(figures for _, figures in rest), strict=True)]
        entry["fields"].append(_field_entry(REST, totals.instances * len(rest), added))
    return entry


def _rank(item: tuple[str, list[int]]) -> tuple[bool, int]:
    """Fields with queries come first, however quick those are, so that each can be named."""
    self_ns, queries, query_ns = item[1]
    return queries > 0, self_ns + query_ns


def _field_entry(name: str, calls: int, figures: list[int]) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": name, "calls": calls}
    named = zip(("self_ns", "queries", "query_ns"), figures, strict=True)
    entry.update((key, value) for key, value in named if value)
    return entry
