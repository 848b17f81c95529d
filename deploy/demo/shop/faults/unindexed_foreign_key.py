"""A foreign key without an index: the history of one order.

Wrong: `OrderEvent.order` was declared with `db_index=False`, so to find the two or three events of
one order the database reads all two hundred thousand. One query, nothing to see in the code, and
its cost grows with the table.

The twin asks the same rows with the index that Django would have made by itself.
"""

from __future__ import annotations

from typing import Any

from django.urls import path
from rest_framework import generics, serializers

from shop.models import IndexedOrderEvent, OrderEvent


class EventSerializer(serializers.Serializer):
    kind = serializers.CharField()
    note = serializers.CharField()
    happened_at = serializers.DateTimeField()


class SlowOrderEvents(generics.ListAPIView):
    serializer_class = EventSerializer
    events: Any = OrderEvent.objects

    def get_queryset(self) -> Any:
        return self.events.filter(order_id=self.kwargs["order_id"]).order_by("id")


class FastOrderEvents(SlowOrderEvents):
    events = IndexedOrderEvent.objects


urlpatterns = [
    path("api/slow/orders/<int:order_id>/events/", SlowOrderEvents.as_view()),
    path("api/fast/orders/<int:order_id>/events/", FastOrderEvents.as_view()),
]
