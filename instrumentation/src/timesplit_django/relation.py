"""The relation of the user's models that a query loads, and how Django's objects name it."""

from __future__ import annotations

from collections import OrderedDict
from functools import lru_cache
from typing import Any, Final, NamedTuple

NAMED_RELATIONS: Final = 4_096

# The attribute by which hints that are a copy carry the relation.
CARRIED: Final = "timesplit_relation"


class Relation(NamedTuple):
    """A field, or the reverse of one, as `prefetch_related` on its model would name it.

    `model` is the label of the model that has it ("shop.Order"). `prefetch` says that the query
    loads it for many instances at once, as asked for, and not when it was touched.
    """

    model: str
    field: str
    prefetch: bool = False


class RelationHints(dict[str, Any]):
    """The hints of a queryset that a related manager made; clones of the queryset keep them.

    True even when empty, since a clone replaces hints that are not. Copied or pickled, as cached
    querysets are, it is an OrderedDict that carries the relation: one who does not have this
    package reads that, too.
    """

    __slots__ = ("relation",)

    def __init__(self, hints: dict[str, Any], relation: Relation) -> None:
        super().__init__(hints)
        self.relation = relation

    def __bool__(self) -> bool:
        return True

    def __reduce__(self) -> tuple[Any, ...]:
        return OrderedDict, (), {CARRIED: tuple(self.relation)}, None, iter(self.items())


def relation_of_queryset(queryset: Any) -> Relation | None:
    """What a related manager said of it, or of what it is a copy of."""
    hints = queryset._hints
    if type(hints) is dict:
        return None
    if type(hints) is RelationHints:
        return hints.relation
    carried = getattr(hints, CARRIED, None)
    return None if carried is None else Relation(*carried)


@lru_cache(NAMED_RELATIONS)
def relation_of_descriptor(descriptor: Any) -> Relation:
    """Of a forward or reverse descriptor, a deferred field's, or a generic foreign key's."""
    related = getattr(descriptor, "related", None)
    if related is not None:
        return relation_of_reverse(related)
    return relation_of_field(getattr(descriptor, "field", descriptor))


def relation_of_field(field: Any) -> Relation:
    """Of the field itself, from the model that has it."""
    return Relation(field.model._meta.label, field.name)


def relation_of_reverse(related: Any) -> Relation:
    """Of the other side of a field: `related` is Django's ForeignObjectRel."""
    return Relation(related.model._meta.label, related.get_accessor_name())


# What these frames of Django's know. They are no `FrameType` here, whose variables compiled code
# would take for a dict: from Python 3.13 on they are none.


def of_queryset_frame(frame: Any) -> Relation | None:
    """Of a method of a queryset."""
    return relation_of_queryset(frame.f_locals["self"])


def of_chunk_frame(frame: Any) -> Relation | None:
    """Of what a thread runs for an asynchronous iteration."""
    return relation_of_queryset(frame.f_locals["self"].queryset)


def of_descriptor_frame(frame: Any) -> Relation:
    """Of a descriptor's `__get__`."""
    return relation_of_descriptor(frame.f_locals["self"])


def of_prefetch_frame(frame: Any) -> Relation:
    """Of `prefetch_one_level`."""
    prefetcher = frame.f_locals["prefetcher"]
    relation: Relation | None = getattr(type(prefetcher), "_timesplit_relation", None)
    if relation is None and hasattr(type(prefetcher), "__get__"):
        relation = relation_of_descriptor(prefetcher)
    return (relation or _asked_for(frame.f_locals))._replace(prefetch=True)


def _asked_for(names: Any) -> Relation:
    """Where a manager loads it that is none of Django's: as it is asked for."""
    accessor = names["lookup"].prefetch_through.split("__")[names["level"]]
    return Relation(names["instances"][0]._meta.label, accessor)
