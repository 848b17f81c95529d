"""Who is charged while several activities of one request go on at once: tasks or threads."""

from __future__ import annotations

from timesplit_django.activity import Activity
from timesplit_django.parts import CATEGORY_OF


def winner(leaves: set[Activity]) -> Activity:
    """Of these: the first by category, then the one that began last."""
    return min(leaves, key=_claim)


def visible_winner(leaves: set[Activity]) -> Activity:
    """The same among the spans that have no span inside them, which is all that a reader sees."""
    return min(_visible(leaves), key=_claim)


def _visible(leaves: set[Activity]) -> set[Activity]:
    """All spans that are active are around some leaf."""
    found = set()
    for leaf in leaves:
        shown: Activity | None = leaf.shown
        while shown is not None:
            if shown.active and not shown.shown_children:
                found.add(shown)
            shown = shown.parent.shown if shown.parent is not None else None
    return found


def _claim(activity: Activity) -> tuple[int, int]:
    return CATEGORY_OF[activity.part], -activity.start_ns
