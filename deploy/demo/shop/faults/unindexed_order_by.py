"""An ORDER BY without an index: the newest events of the whole shop.

Wrong: to find the newest fifty by `happened_at`, the database reads and sorts the whole table. It
was instant when the shop opened.

The twin has an index in that very order, reads fifty entries of it and stops.
"""

from __future__ import annotations

from typing import Any

from django.urls import path
from rest_framework import generics

from shop.faults.unindexed_foreign_key import EventSerializer
from shop.models import IndexedOrderEvent, OrderEvent

NEWEST = 50


class SlowLatestEvents(generics.ListAPIView):
    serializer_class = EventSerializer
    events: Any = OrderEvent.objects

    def get_queryset(self) -> Any:
        return self.events.order_by("-happened_at", "-id")[:NEWEST]


class FastLatestEvents(SlowLatestEvents):
    events = IndexedOrderEvent.objects


urlpatterns = [
    path("api/slow/events/latest/", SlowLatestEvents.as_view()),
    path("api/fast/events/latest/", FastLatestEvents.as_view()),
]
