"""A large JSON body: the whole catalogue in one answer.

Wrong: two thousand products with their descriptions are built, encoded and sent, more than a
megabyte, to a client that shows the first twenty. The time is in making instances and in encoding.

The twin gives the same products, a page at a time.
"""

from __future__ import annotations

from typing import Any

from django.urls import path
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from shop.models import Product


class CataloguePages(LimitOffsetPagination):
    default_limit = 20
    max_limit = 500


class SlowCatalogue(APIView):
    def get(self, request: Request) -> Response:
        return Response([_entry(product) for product in Product.objects.order_by("id")])


class FastCatalogue(APIView):
    def get(self, request: Request) -> Response:
        pages = CataloguePages()
        page = pages.paginate_queryset(Product.objects.order_by("id"), request, view=self)
        return pages.get_paginated_response([_entry(product) for product in page or ()])


def _entry(product: Product) -> dict[str, Any]:
    return {
        "sku": product.sku,
        "name": product.name,
        "description": product.description,
        "price": product.price,
        "weight_g": product.weight_g,
        "in_stock": product.stock > 0,
    }


urlpatterns = [
    path("api/slow/catalogue/", SlowCatalogue.as_view()),
    path("api/fast/catalogue/", FastCatalogue.as_view()),
]
