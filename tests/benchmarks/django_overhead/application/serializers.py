"""Orders as JSON: briefly with the customer's name, and with all that hangs on them."""

from __future__ import annotations

from rest_framework import serializers

from tests.benchmarks.django_overhead.application.models import Customer, Line, Order


class CustomerSerializer(serializers.ModelSerializer):
    class Meta:
        model = Customer
        fields = ("id", "name", "email", "city", "joined_at")


class LineSerializer(serializers.ModelSerializer):
    class Meta:
        model = Line
        fields = ("id", "product", "quantity", "unit_price")


class BriefOrderSerializer(serializers.ModelSerializer):
    customer_name = serializers.CharField(source="customer.name")

    class Meta:
        model = Order
        fields = ("id", "number", "status", "placed_at", "note", "customer_name")


class OrderRowSerializer(serializers.ModelSerializer):
    customer_name = serializers.CharField(source="customer.name")
    email = serializers.CharField(source="customer.email")
    city = serializers.CharField(source="customer.city")
    joined_at = serializers.DateTimeField(source="customer.joined_at")

    class Meta:
        model = Order
        fields = (
            *("id", "number", "status", "placed_at", "note", "customer_id"),
            *("customer_name", "email", "city", "joined_at"),
        )


class OrderSerializer(serializers.ModelSerializer):
    customer = CustomerSerializer()
    lines = LineSerializer(many=True)

    class Meta:
        model = Order
        fields = ("id", "number", "status", "placed_at", "note", "customer", "lines")
