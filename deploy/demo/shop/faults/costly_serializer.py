"""A serializer that costs more than its queries: a price list in twelve currencies.

Wrong: for every product a nested serializer is filled for each of twelve currencies, each with
Decimal arithmetic and validation machinery of its own: 60 products make 720 small serializations
of things that are known beforehand. The one query is a hundredth of the time, so a tool that only
counts queries finds nothing.

The twin knows that a price list is arithmetic: it reads values, not instances, and computes in
whole cents.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db.models import QuerySet
from django.urls import path
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from shop.models import Product

LISTED = 60
RATES_IN_MILLIONTHS = {
    "EUR": 1_000_000,
    "USD": 1_081_500,
    "GBP": 842_300,
    "CHF": 953_100,
    "NOK": 11_652_000,
    "SEK": 11_318_000,
    "DKK": 7_459_000,
    "PLN": 4_271_000,
    "CZK": 25_310_000,
    "CAD": 1_478_200,
    "AUD": 1_634_900,
    "NZD": 1_779_400,
}


class PriceSerializer(serializers.Serializer):
    currency = serializers.CharField()
    amount = serializers.DecimalField(max_digits=14, decimal_places=2, rounding=ROUND_HALF_UP)


class PricedProductSerializer(serializers.ModelSerializer):
    prices = serializers.SerializerMethodField()

    class Meta:
        model = Product
        fields = ("sku", "name", "prices")

    def get_prices(self, product: Product) -> list[dict[str, Any]]:
        return [
            PriceSerializer({"currency": currency, "amount": product.price * rate / 1_000_000}).data
            for currency, rate in ((name, Decimal(rate)) for name, rate in _RATES)
        ]


_RATES = tuple(RATES_IN_MILLIONTHS.items())


class SlowPrices(generics.ListAPIView):
    serializer_class = PricedProductSerializer

    def get_queryset(self) -> QuerySet[Product]:
        after = int(self.request.query_params.get("after", "0"))
        return Product.objects.filter(id__gt=after).order_by("id")[:LISTED]


class FastPrices(APIView):
    def get(self, request: Request) -> Response:
        after = int(request.query_params.get("after", "0"))
        products = Product.objects.filter(id__gt=after).order_by("id")[:LISTED]
        return Response(
            [
                {"sku": sku, "name": name, "prices": _prices(int(price.scaleb(2)))}
                for sku, name, price in products.values_list("sku", "name", "price")
            ]
        )


def _prices(cents: int) -> list[dict[str, str]]:
    return [
        {"currency": currency, "amount": _amount((cents * rate + 500_000) // 1_000_000)}
        for currency, rate in _RATES
    ]


def _amount(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


urlpatterns = [
    path("api/slow/prices/", SlowPrices.as_view()),
    path("api/fast/prices/", FastPrices.as_view()),
]
