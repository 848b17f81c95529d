"""An endpoint that fails at times: the receipt of an order.

Wrong: it formats the moment of payment, and one order in five has not been paid. Those answer 500,
always the same ones, after their queries were run.

The twin knows that a payment can be open, and says so.
"""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from shop.models import Order, Payment


class SlowReceipt(APIView):
    def get(self, request: Request, order_id: int) -> Response:
        order, payment = _order_and_payment(order_id)
        return Response(_receipt(order, payment, payment.paid_at.strftime("%d.%m.%Y")))


class FastReceipt(APIView):
    def get(self, request: Request, order_id: int) -> Response:
        order, payment = _order_and_payment(order_id)
        paid_on = payment.paid_at.strftime("%d.%m.%Y") if payment.paid_at else "not yet paid"
        return Response(_receipt(order, payment, paid_on))


def _order_and_payment(order_id: int) -> tuple[Order, Any]:
    order = get_object_or_404(Order.objects.select_related("customer"), pk=order_id)
    return order, Payment.objects.filter(order=order).order_by("id").last()


def _receipt(order: Order, payment: Payment, paid_on: str) -> dict[str, Any]:
    return {
        "number": order.number,
        "customer": f"{order.customer.first_name} {order.customer.last_name}",
        "total": order.total,
        "method": payment.method,
        "paid_on": paid_on,
    }


urlpatterns = [
    path("api/slow/orders/<int:order_id>/receipt/", SlowReceipt.as_view()),
    path("api/fast/orders/<int:order_id>/receipt/", FastReceipt.as_view()),
]
