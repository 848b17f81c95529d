"""An aggregate that nobody caches: the best sellers.

Wrong: every visit adds up a quarter of a million order lines to show ten names that change once a
day.

The twin keeps the answer in Django's cache for half a minute: most visits are a cache lookup.
"""

from __future__ import annotations

from typing import Any

from django.core.cache import cache
from django.db.models import Sum
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from shop.models import OrderLine

SHOWN = 10
KEPT_S = 30


class SlowBestsellers(APIView):
    def get(self, request: Request) -> Response:
        return Response(_bestsellers())


class FastBestsellers(APIView):
    def get(self, request: Request) -> Response:
        return Response(cache.get_or_set("bestsellers", _bestsellers, KEPT_S))


def _bestsellers() -> list[dict[str, Any]]:
    sold = OrderLine.objects.values("product_id", "product_name").annotate(sold=Sum("quantity"))
    return [dict(product) for product in sold.order_by("-sold", "product_id")[:SHOWN]]


urlpatterns = [
    path("api/slow/bestsellers/", SlowBestsellers.as_view()),
    path("api/fast/bestsellers/", FastBestsellers.as_view()),
]
