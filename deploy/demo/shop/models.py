"""What the shop stores.

`OrderEvent` is the table that somebody forgot to index; `IndexedOrderEvent` holds the same rows
with the indexes that it should have had, so that both can be asked side by side.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


class Category(models.Model):
    parent = models.ForeignKey(
        "self", models.CASCADE, null=True, blank=True, related_name="children"
    )
    name = models.CharField(max_length=80)
    slug = models.SlugField(unique=True)


class Product(models.Model):
    category = models.ForeignKey(Category, models.PROTECT, related_name="products")
    sku = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=120)
    description = models.TextField()
    price = models.DecimalField(max_digits=10, decimal_places=2)
    weight_g = models.PositiveIntegerField()
    stock = models.PositiveIntegerField()


class Customer(models.Model):
    email = models.EmailField(unique=True)
    first_name = models.CharField(max_length=60)
    last_name = models.CharField(max_length=60)
    joined_at = models.DateTimeField()


class Address(models.Model):
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="addresses")
    street = models.CharField(max_length=120)
    postcode = models.CharField(max_length=12)
    city = models.CharField(max_length=60)
    country = models.CharField(max_length=2)


class Channel(models.Model):
    """Where an order comes from: the web, the telephone, a partner."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=60)


class Order(models.Model):
    class Status(models.TextChoices):
        PLACED = "placed"
        PAID = "paid"
        SHIPPED = "shipped"
        RETURNED = "returned"

    number = models.CharField(max_length=20, unique=True)
    channel = models.ForeignKey(Channel, models.PROTECT, related_name="orders")
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="orders")
    shipping_address = models.ForeignKey(Address, models.PROTECT, related_name="orders")
    status = models.CharField(max_length=10, choices=Status.choices)
    placed_at = models.DateTimeField()
    total = models.DecimalField(max_digits=12, decimal_places=2)


class OrderLine(models.Model):
    order = models.ForeignKey(Order, models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, models.PROTECT, related_name="lines")
    product_name = models.CharField(max_length=120)  # as it was called when it was bought
    quantity = models.PositiveSmallIntegerField()
    unit_price = models.DecimalField(max_digits=10, decimal_places=2)


class Payment(models.Model):
    order = models.ForeignKey(Order, models.CASCADE, related_name="payments")
    method = models.CharField(max_length=20)
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    paid_at = models.DateTimeField(null=True)  # null: not yet


class Review(models.Model):
    product = models.ForeignKey(Product, models.CASCADE, related_name="reviews")
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="reviews")
    rating = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=120)
    body = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        get_latest_by = "id"


class OrderEvent(models.Model):
    """One step of an order's life. Neither column that it is asked by has an index."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="events", db_index=False)
    kind = models.CharField(max_length=10)
    note = models.CharField(max_length=120)
    happened_at = models.DateTimeField()


class IndexedOrderEvent(models.Model):
    """The same rows as `OrderEvent`, with both indexes."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="indexed_events")
    kind = models.CharField(max_length=10)
    note = models.CharField(max_length=120)
    happened_at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["-happened_at", "-id"])]


class ProductViews(models.Model):
    """How often a product was looked at; the only table that the demo's traffic writes."""

    product = models.OneToOneField(Product, models.CASCADE, related_name="views")
    views = models.PositiveBigIntegerField(default=0)


class Seed(models.Model):
    """One row: the seed that the tables above hold, written in the transaction that filled them."""

    version = models.CharField(max_length=20)
    orders = models.PositiveIntegerField()
    seeded_at = models.DateTimeField(db_default=Now())
