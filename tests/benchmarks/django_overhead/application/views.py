"""One view for each number of queries that is measured."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from rest_framework.generics import ListAPIView

from tests.benchmarks.django_overhead.application.models import Order
from tests.benchmarks.django_overhead.application.serializers import (
    BriefOrderSerializer,
    OrderRowSerializer,
    OrderSerializer,
)

STATEMENTS = 150


def plain(request: HttpRequest) -> HttpResponse:
    """No query."""
    return HttpResponse("ok")


def one_query(request: HttpRequest) -> HttpResponse:
    """One query, by the ORM."""
    return HttpResponse(Order.objects.get(pk=1).number)


def many_statements(request: HttpRequest) -> HttpResponse:
    """150 queries and next to nothing else."""
    with connection.cursor() as cursor:
        for number in range(STATEMENTS):
            cursor.execute("SELECT %s", [number])
            cursor.fetchone()
    return HttpResponse("ok")


class OrderList(ListAPIView[Any]):
    """10 queries: nine orders, and the customer of each."""

    queryset = Order.objects.order_by("id")[:9]
    serializer_class = BriefOrderSerializer


class NestedOrderList(ListAPIView[Any]):
    """147 queries: 73 orders, and the customer and the lines of each."""

    queryset = Order.objects.order_by("id")[:73]
    serializer_class = OrderSerializer


class OrderRows(ListAPIView[Any]):
    """One query: 200 orders with what is known of their customers, ten plain fields each."""

    queryset = Order.objects.select_related("customer").order_by("id")[:200]
    serializer_class = OrderRowSerializer


def order_table(request: HttpRequest) -> HttpResponse:
    """Two queries, and a template that includes another for each of 200 rows."""
    orders = Order.objects.select_related("customer").order_by("id")[:200]
    return render(request, "orders/table.html", {"orders": orders, "total": Order.objects.count()})
