"""N+1 queries: an order list that asks the database again for every order it shows.

Wrong: the nested serializers follow relations that the view has not fetched, and two
SerializerMethodFields run a query each. A page of 24 orders costs 3 queries for the page and 6 for
every order: its customer, address, lines and payments, the number of the customer's orders and the
customer's reviews. 147 queries, each fast, so that no log of slow queries will ever show one.

The twin says in the view what the serializers will need: `select_related` for what is one,
`prefetch_related` for what is many, an annotation for the count. 6 queries, however long the page.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Count, OuterRef, Prefetch, QuerySet, Subquery
from django.shortcuts import get_object_or_404
from django.urls import path
from rest_framework import generics, serializers
from rest_framework.pagination import PageNumberPagination

from shop.models import Address, Channel, Customer, Order, OrderLine, Payment, Review


class OrderPages(PageNumberPagination):
    page_size = 24


class CustomerSerializer(serializers.ModelSerializer):
    class Meta:
        model = Customer
        fields = ("id", "email", "first_name", "last_name")


class AddressSerializer(serializers.ModelSerializer):
    class Meta:
        model = Address
        fields = ("street", "postcode", "city", "country")


class LineSerializer(serializers.ModelSerializer):
    class Meta:
        model = OrderLine
        fields = ("product_name", "quantity", "unit_price")


class PaymentSerializer(serializers.ModelSerializer):
    class Meta:
        model = Payment
        fields = ("method", "amount", "paid_at")


class OrderSerializer(serializers.ModelSerializer):
    """What both endpoints show; how the last two fields are found is what differs."""

    customer = CustomerSerializer()
    shipping_address = AddressSerializer()
    lines = LineSerializer(many=True)
    payments = PaymentSerializer(many=True)
    customer_orders = serializers.SerializerMethodField()
    customer_reviews = serializers.SerializerMethodField()

    class Meta:
        model = Order
        fields = (
            "number",
            "status",
            "placed_at",
            "total",
            "customer",
            "shipping_address",
            "lines",
            "payments",
            "customer_orders",
            "customer_reviews",
        )


class SlowOrderSerializer(OrderSerializer):
    def get_customer_orders(self, order: Order) -> int:
        return Order.objects.filter(customer_id=order.customer_id).count()

    def get_customer_reviews(self, order: Order) -> list[str]:
        newest_first = Review.objects.filter(customer_id=order.customer_id).order_by("-id")
        return [review.title for review in newest_first]


class FastOrderSerializer(OrderSerializer):
    customer_orders = serializers.IntegerField()

    def get_customer_reviews(self, order: Order) -> list[str]:
        return [review.title for review in order.customer.reviews.all()]


class SlowOrders(generics.ListAPIView):
    serializer_class: Any = SlowOrderSerializer
    pagination_class = OrderPages

    def get_queryset(self) -> QuerySet[Order]:
        slug = self.request.query_params.get("channel", "web")
        return get_object_or_404(Channel, slug=slug).orders.order_by("-id")


class FastOrders(SlowOrders):
    serializer_class = FastOrderSerializer

    def get_queryset(self) -> QuerySet[Order]:
        newest_first = Review.objects.order_by("-id")
        return (
            super()
            .get_queryset()
            .select_related("customer", "shipping_address")
            .prefetch_related(
                "lines", "payments", Prefetch("customer__reviews", queryset=newest_first)
            )
            .annotate(customer_orders=Subquery(_orders_of_the_customer()))
        )


def _orders_of_the_customer() -> QuerySet[Order, Any]:
    of_the_customer = Order.objects.filter(customer_id=OuterRef("customer_id")).order_by()
    return of_the_customer.values("customer_id").annotate(orders=Count("id")).values("orders")


urlpatterns = [
    path("api/slow/orders/", SlowOrders.as_view()),
    path("api/fast/orders/", FastOrders.as_view()),
]
