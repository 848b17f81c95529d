"""The ids of spans as columns: only what is told in no other way takes the bytes of an id."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from collector.journal.cuts import CHILD_IDS, CHILD_SPAN, ROOT_IDS, ROOT_SPAN, Bytes, Numbers
from collector.journal.planes import from_planes, planes

# Where in a cut of ids each of them begins, and how far away a parent may stand.
_TRACE: Final = np.arange(2, 18)
_SPAN: Final = 20
_PARENT: Final = 30
_FARTHEST: Final = (1 << 15) - 1
_NONE: Final = np.zeros(0, np.int64)

Words = NDArray[np.uint64]


def split_ids(data: Bytes, starts: Numbers, kinds: Numbers) -> Iterator[bytes]:
    """Whether a trace is that of the span before; how far from a span its parent stands, 0 where it
    does not; then the ids that are told in no other way: of spans, of traces, of parents.
    """
    at, children = _id_places(starts, kinds)
    traces = data[at[:, np.newaxis] + _TRACE]
    spans = _words(data, at + _SPAN)
    parents = _words(data, at[children] + _PARENT)
    is_same = np.zeros(len(at), bool)
    is_same[1:] = (traces[1:] == traces[:-1]).all(axis=1)
    distances = _distances(spans, parents, children)
    yield is_same.astype(np.uint8).tobytes()
    yield planes(distances, 2)
    yield spans.tobytes()
    yield traces[~is_same].tobytes()
    yield parents[distances == 0].tobytes()


def put_ids(data: Bytes, starts: Numbers, kinds: Numbers, ids: bytes) -> None:
    """Put them back where they were cut out. Raises ValueError or IndexError where they do not fit."""
    at, children = _id_places(starts, kinds)
    is_new = np.frombuffer(ids, np.uint8, len(at)) == 0
    distances = from_planes(ids[len(at) :], len(children), 2)
    distances -= (distances > _FARTHEST) << 16
    rest = np.frombuffer(ids, np.uint8, offset=len(at) + 2 * len(children))
    spans, rest = np.split(rest, [8 * len(at)])
    traces, rest = np.split(rest, [16 * np.count_nonzero(is_new)])
    span_ids = spans.reshape(len(at), 8)
    parents = span_ids[children + distances]
    parents[distances == 0] = rest.reshape(-1, 8)
    data[at[:, np.newaxis] + _TRACE] = traces.reshape(-1, 16)[np.cumsum(is_new) - 1]
    data[(at + _SPAN)[:, np.newaxis] + np.arange(8)] = span_ids
    data[(at[children] + _PARENT)[:, np.newaxis] + np.arange(8)] = parents


def _id_places(starts: Numbers, kinds: Numbers) -> tuple[Numbers, Numbers]:
    """Where ids were cut out, and which of these cuts have a parent's."""
    is_child = (kinds == CHILD_IDS) | (kinds == CHILD_SPAN)
    is_id = is_child | (kinds == ROOT_IDS) | (kinds == ROOT_SPAN)
    return starts[is_id], np.flatnonzero(is_child[is_id])


def _words(data: Bytes, at: Numbers) -> Words:
    """The eight bytes at each of these places."""
    return np.ascontiguousarray(data[at[:, np.newaxis] + np.arange(8)]).view("<u8")[:, 0]


def _distances(spans: Words, parents: Words, children: Numbers) -> Numbers:
    if not len(parents):
        return _NONE
    order = np.argsort(spans, kind="stable")
    place = np.minimum(np.searchsorted(spans[order], parents), len(spans) - 1)
    distances = order[place] - children
    is_near = (spans[order[place]] == parents) & (np.abs(distances) <= _FARTHEST)
    return np.where(is_near, distances, 0)
