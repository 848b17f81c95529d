"""An endpoint that calls another service: shipping quotes of four carriers.

Wrong: it asks one carrier after the other, each over a new connection, and the four latencies add
up while the worker waits. The shop's own work is nothing.

The twin asks the same service once for all four, over a connection that it keeps.
"""

from __future__ import annotations

from collections.abc import Sequence

import requests
from django.conf import settings
from django.shortcuts import get_object_or_404
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from shop.models import Product

CARRIERS = ("falcon", "heron", "swift", "tern")
TIMEOUT_S = 5
_kept_open = requests.Session()


class SlowQuotes(APIView):
    def get(self, request: Request, product_id: int) -> Response:
        weight_g = get_object_or_404(Product, pk=product_id).weight_g
        return Response([_quote(carrier, weight_g) for carrier in CARRIERS])


class FastQuotes(APIView):
    def get(self, request: Request, product_id: int) -> Response:
        weight_g = get_object_or_404(Product, pk=product_id).weight_g
        return Response(_quotes(_kept_open, CARRIERS, weight_g))


def _quote(carrier: str, weight_g: int) -> object:
    with requests.Session() as connection:
        return _quotes(connection, [carrier], weight_g)[0]


def _quotes(connection: requests.Session, carriers: Sequence[str], weight_g: int) -> list[object]:
    answer = connection.get(
        f"{settings.CARRIERS_URL}/quotes",
        params={"carriers": ",".join(carriers), "weight_g": str(weight_g)},
        timeout=TIMEOUT_S,
    )
    answer.raise_for_status()
    quotes: list[object] = answer.json()
    return quotes


urlpatterns = [
    path("api/slow/products/<int:product_id>/quotes/", SlowQuotes.as_view()),
    path("api/fast/products/<int:product_id>/quotes/", FastQuotes.as_view()),
]
