"""The line behind a query: the nearest cause on the stack that a reader can change.

Walking outwards from the query, that is a frame of the user's own code, a template's tag, or the
field of a serializer or of a GraphQL type, whichever is met first. A library's template, or one
without a name, is the cause only where there is none of these. A generic view with none of all that
is itself the cause; so is the part of Django, a middleware mostly, that asks before or after the
view.

The relation that a query loads is met on the same way, nearer to the query than its cause.

Walking raw frames with a verdict cached for each file costs one or two microseconds; a formatted
stack would cost a hundred.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from contextvars import ContextVar
from types import CodeType, FrameType
from typing import Final

from timesplit_django import guard, source_files
from timesplit_django.accounting import Activity, current_activity
from timesplit_django.activity import identity_of
from timesplit_django.relation import Relation
from timesplit_django.sites import (
    Place,
    SerializerField,
    Site,
    is_own_node,
    locals_of,
    place_of_field,
    site_of_frame,
    site_of_node,
)
from timesplit_django.source_files import BOUNDARY, FRAMEWORK, OUTSIDE, OWN, PASSED_OVER, RELATED

ENTRY_DEPTH: Final = 24
ENTRY_DEPTHS: Final = 4
ENTRY_MISSES: Final = 100
WATCHERS_DEPTH: Final = 24

# Why a query is asked: where, for which relation, for which field of a serializer. None is unknown,
# or nothing of that kind.
Cause = tuple[Site | None, Relation | None, SerializerField | None]

UNKNOWN_CAUSE: Final[Cause] = (None, None, None)

# The query was caused by the view, without any code of the user's on the way.
BY_VIEW: Final = Site("", 0, "")

# Nothing beyond this frame has to do with the query.
_STOP: Final = Site("", -1, "")

# A template that is no reader's to change.
_FOREIGN_TEMPLATE: Final = Site("", -2, "")

_frame_at: Final = sys._getframe

# Where a task awaits work that a thread does for it: its stack does not reach into the thread.
awaiting: Final[ContextVar[Site | None]] = ContextVar("timesplit_awaiting", default=None)

# Who has a thread work (`site`), and for which request (`identity`), as `begin_thread` notes. Nothing
# of it is copied into the contexts of tasks, and out of them.
_begun_by: Final = threading.local()

# What was found, where nothing was found the nearest library's frame, the relation, the last frame,
# and the place where that is a serializer's.
_Walked = tuple[Site | None, FrameType | None, Relation | None, FrameType | None, Place | None]

_NOTHING: Final[tuple[Site | None, Place | None]] = (None, None)

# What code that is known means, where a frame of it is met.
_VIEW: Final = 1
_TEMPLATE: Final = 2
_SERIALIZER: Final = 3
_THREAD: Final = 4
_FIELD: Final = 5


# By the name of a file; each is found out once.
_verdicts: Final[dict[str, int]] = {}
_special: Final[dict[int, int]] = {}
_field_readers: Final[dict[int, Callable[[FrameType], Site | None]]] = {}
_relation_readers: Final[dict[int, Callable[[FrameType], Relation | None]]] = {}
# By the name of a method: the classes of Django's that have it, and what reads the relation from a
# frame of what stands in its place.
_Overridden = tuple[tuple[type, ...], Callable[[FrameType], Relation | None]]
_overridden: Final[dict[str, _Overridden]] = {}

# Most queries are on their way for a dozen frames of Django's before the first that says anything,
# the same each time. Known are the code where they set out, and how far from the query it has been.
_entry: CodeType | None = None
_entry_depths: Final[list[int]] = []
_entry_misses = 0

# What calls the wrappers of execution that a connection has.
_watched: CodeType | None = None


def stop_at_view(code: CodeType) -> None:
    """Take this code as the one that calls views."""
    _special_file(code, _VIEW)


def find_in_templates(code: CodeType) -> None:
    """Take this code as the one that renders a node of a template."""
    _special_file(code, _TEMPLATE)


def find_in_serializers(code: CodeType) -> None:
    """Take this code as the one that goes through a serializer's fields."""
    _special_file(code, _SERIALIZER)


def find_by(code: CodeType, reader: Callable[[FrameType], Site | None]) -> None:
    """Take this code as one that does something for a field; `reader` says where that is."""
    _field_readers[id(code)] = reader
    _special_file(code, _FIELD)


def begin_thread(activity: Activity | None, site: Site | None) -> None:
    """Note who has this thread work from now on, as `find_awaiting_site` found."""
    _begun_by.site = site
    _begun_by.identity = None if activity is None else identity_of(activity.account)


def stop_at_thread(code: CodeType) -> None:
    """Take this code as the one that does in a thread what a task awaits."""
    _special_file(code, _THREAD)


def find_relations(code: CodeType, reader: Callable[[FrameType], Relation | None]) -> None:
    """Take this code, of Django's, as one whose frames may know which relation is loaded."""
    _relation_readers[id(code)] = reader
    _verdicts[code.co_filename] = RELATED


def look_through(
    classes: list[type], methods: set[str], reader: Callable[[FrameType], Relation | None]
) -> None:
    """Take none of these methods of these classes, or of subclasses of them, as a cause.

    All queries of their kind pass a method that somebody has put in the place of Django's, so it
    says nothing but, to `reader`, the relation.
    """
    for name in methods:
        known = _overridden[name][0] if name in _overridden else ()
        _overridden[name] = (tuple({*known, *classes}), reader)


def begin_at(code: CodeType) -> None:
    """Take this code, of Django's, as the one where most queries set out."""
    global _entry, _entry_misses
    _entry, _entry_misses = code, 0
    _entry_depths.clear()


def begin_beyond_watchers(code: CodeType) -> None:
    """Take this code, of Django's, as the one that calls a connection's `execute_wrappers`."""
    global _watched
    _watched = code


def find_cause(serializing: bool = False) -> Cause:
    """Why the calling thread asks its query; `serializing` looks for the serializer's field too."""
    site, library, relation, frame, place = _walk(_first_frame())
    if site is _STOP:
        return None if library is None else _site_of_library(library), relation, None
    if library is not None and (site is None or (site is BY_VIEW and _is_template(library))):
        site = _site_of_library(library)
    if place is None and serializing:
        place = _find_place(frame)
    return site, relation, None if place is None else place[1]


def find_awaiting_site() -> Site | None:
    """The user's line, or BY_VIEW, that awaits what a thread is about to do."""
    site = _walk(_frame_at(1))[0]
    return None if site is _STOP else site


def _first_frame() -> FrameType:
    """Where to begin to look for the cause. Each step of a walk costs ten of looking ahead."""
    for depth in _entry_depths:
        try:
            frame = _frame_at(1 + depth)
        except ValueError:
            continue
        if frame.f_code is _entry:
            return frame
    # Not the frame of this function, which would be kept by its own variable.
    frame = _frame_at(1)
    if _entry is not None and _entry_misses < ENTRY_MISSES:
        _learn_entry(frame)
    return _beyond_watchers(frame)


def _beyond_watchers(frame: FrameType) -> FrameType:
    """All queries pass `execute_wrappers`, also those that are the user's own: none is a cause."""
    watching: FrameType | None = frame
    for _ in range(WATCHERS_DEPTH):
        if watching is None:
            break
        if watching.f_code is _watched:
            return watching
        watching = watching.f_back
    return frame


def _learn_entry(frame: FrameType | None) -> None:
    """Remember how far it is to the entry, where only Django's frames lie between."""
    global _entry_misses
    _entry_misses += 1
    for depth in range(ENTRY_DEPTH):
        if frame is None or len(_entry_depths) >= ENTRY_DEPTHS:
            return
        if frame.f_code is _entry:
            _entry_depths.append(depth)
            return
        if _verdict(frame.f_code.co_filename) not in (PASSED_OVER, RELATED):
            return
        frame = frame.f_back


def _walk(frame: FrameType | None) -> _Walked:
    library: FrameType | None = None
    relation: Relation | None = None
    while frame is not None:
        code = frame.f_code
        verdict = _verdicts.get(code.co_filename)
        if verdict is None:
            verdict = _verdict(code.co_filename)
        if verdict == OWN:
            overridden = _overridden.get(code.co_name)
            if overridden is None or not _is_of(frame, overridden[0]):
                return site_of_frame(frame), library, relation, frame, None
            relation = relation or _read_relation(overridden[1], frame)
        elif verdict == RELATED:
            # What a library has around the queryset's own asking is no cause.
            library = None
            relation = relation or _read_relation(_relation_readers.get(id(code)), frame)
        elif verdict == BOUNDARY:
            return awaiting.get(), library, relation, None, None
        elif verdict == OUTSIDE:
            break
        elif verdict != PASSED_OVER:
            site, place = _read(frame) if verdict == FRAMEWORK else _NOTHING
            if site is not None and site is not _FOREIGN_TEMPLATE:
                return site, library, relation, frame, place
            library = library if library and site is None else _more_telling(library, frame)
        frame = frame.f_back
    # The stack of a task or a thread that the view has begun: `asyncio.gather` does so.
    return awaiting.get() or _site_of_beginner() or BY_VIEW, library, relation, None, None


def _site_of_beginner() -> Site | None:
    """The line that has this thread work, where that is for the same request."""
    activity = current_activity()
    known: Site | None = getattr(_begun_by, "site", None)
    if known is None or activity is None:
        return None
    return known if _begun_by.identity is identity_of(activity.account) else None


def _named(frame: FrameType) -> FrameType | None:
    """A library's frame, where it is no method in the place of Django's."""
    overridden = _overridden.get(frame.f_code.co_name)
    return None if overridden is not None and _is_of(frame, overridden[0]) else frame


def _more_telling(library: FrameType | None, frame: FrameType) -> FrameType | None:
    """Of a library's frames, of which the second is a template's if there are two."""
    if library is None:
        return _named(frame)
    return library if _is_template(library) else frame


def _is_template(frame: FrameType) -> bool:
    return _special.get(id(frame.f_code)) == _TEMPLATE


def _is_of(frame: FrameType, classes: tuple[type, ...]) -> bool:
    """Whether this is a method of an object of these classes."""
    return isinstance(locals_of(frame).get("self"), classes)


def _read_relation(
    read: Callable[[FrameType], Relation | None] | None, frame: FrameType
) -> Relation | None:
    try:
        return None if read is None else read(frame)
    except Exception:
        guard.report("a relation")
        return None


def _verdict(filename: str) -> int:
    """Whose code a file holds. Names of generated code may be as many as there are calls."""
    verdict = _verdicts.get(filename)
    if verdict is None:
        verdict = source_files.verdict_of(filename)
        if not filename.startswith("<"):
            _verdicts[filename] = verdict
    return verdict


def _read(frame: FrameType) -> tuple[Site | None, Place | None]:
    """What a frame of code that is known says; `_STOP` that nothing beyond it has to do with it."""
    special = _special.get(id(frame.f_code))
    if special is None:
        return _NOTHING
    if special == _SERIALIZER:
        place = place_of_field(frame)
        return (None, None) if place is None else (place[0], place)
    if special == _TEMPLATE:
        return site_of_node(frame) if is_own_node(frame) else _FOREIGN_TEMPLATE, None
    if special == _FIELD:
        return _read_field(frame), None
    return awaiting.get() or (BY_VIEW if special == _VIEW else _STOP), None


def _read_field(frame: FrameType) -> Site | None:
    try:
        return _field_readers[id(frame.f_code)](frame)
    except Exception:
        guard.report("a field")
        return None


def _find_place(frame: FrameType | None) -> Place | None:
    """That of the field that the nearest serializer is at, from the cause of the query outwards."""
    while frame is not None:
        code = frame.f_code
        verdict = _verdicts.get(code.co_filename)
        if verdict == FRAMEWORK:
            special = _special.get(id(code))
            if special == _SERIALIZER:
                return place_of_field(frame)
            if special == _VIEW:
                return None
        elif verdict == BOUNDARY:
            return None
        frame = frame.f_back
    return None


def _special_file(code: CodeType, special: int) -> None:
    _special[id(code)] = special
    _verdicts[code.co_filename] = FRAMEWORK


def _site_of_library(frame: FrameType) -> Site | None:
    return site_of_node(frame) if _is_template(frame) else site_of_frame(frame)
