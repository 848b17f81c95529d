"""The rows of the shop, made from a fixed seed: the same for the same number of orders.

Rows are plain tuples instead of model instances, so that a hundred thousand orders are a matter of
seconds. How many there are of everything else follows from the number of orders.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, TypeVar

from django.db import models

from shop.models import (
    Address,
    Category,
    Channel,
    Customer,
    Order,
    OrderEvent,
    OrderLine,
    Payment,
    Product,
    Review,
)
from shop.seeding import vocabulary

Row = tuple[Any, ...]
"""Values in the order of the model's columns, the primary key first."""
Rows = dict[type[models.Model], list[Row]]
Choice = TypeVar("Choice")

ORDERS_A_BATCH: Final = 5_000
PRODUCTS: Final = 2_000
_UNPAID_SHARE: Final = 0.2
_OPENED_AT: Final = datetime(2024, 1, 1, tzinfo=UTC)
_OPEN_FOR_S: Final = 730 * 24 * 3600
_LINES_OF_AN_ORDER: Final = (1, 2, 2, 3, 3, 4)
_EVENTS: Final = (Order.Status.PLACED, Order.Status.PAID, Order.Status.SHIPPED)


class ShopRows:
    """Hands out the rows, tables that others refer to first. Use each method once, in order."""

    def __init__(self, orders: int) -> None:
        self._orders = orders
        self._customers = max(orders // 5, 100)
        self._random = random.Random(f"shop {orders}")
        self._products: list[tuple[str, Decimal]] = []
        self._line_id = self._payment_id = self._event_id = 0

    def names(self) -> Rows:
        """Channels, categories and products."""
        categories = list(self._categories())
        return {
            Channel: [(1, "web", "Web"), (2, "app", "App"), (3, "partner", "Partner")],
            Category: categories,
            Product: [self._product(key, categories) for key in range(1, PRODUCTS + 1)],
        }

    def people(self) -> Rows:
        """Customers, their addresses and reviews."""
        return {
            Customer: [self._customer(key) for key in range(1, self._customers + 1)],
            Address: [self._address(key) for key in range(1, self._customers * 5 // 4 + 1)],
            Review: [self._review(key) for key in range(1, self._customers * 3 // 2 + 1)],
        }

    def orders(self) -> Iterator[Rows]:
        """Orders with their lines, payments and events, `ORDERS_A_BATCH` at a time."""
        for first in range(1, self._orders + 1, ORDERS_A_BATCH):
            rows: Rows = {Order: [], OrderLine: [], Payment: [], OrderEvent: []}
            for key in range(first, min(first + ORDERS_A_BATCH, self._orders + 1)):
                self._add_order(rows, key)
            yield rows

    def _pick(self, choices: Sequence[Choice]) -> Choice:
        # A third of what random.choice costs, a few million times.
        return choices[int(self._random.random() * len(choices))]

    def _number(self, upper: int) -> int:
        """1 to `upper`."""
        return int(self._random.random() * upper) + 1

    def _moment(self) -> datetime:
        return _OPENED_AT + timedelta(seconds=self._number(_OPEN_FOR_S))

    def _categories(self) -> Iterator[Row]:
        parents = len(vocabulary.CATEGORIES)
        child_id = parents
        for parent_id, name in enumerate(vocabulary.CATEGORIES, start=1):
            yield parent_id, None, name, name.lower()
        for parent_id, children in enumerate(vocabulary.CATEGORIES.values(), start=1):
            for name in children:
                child_id += 1
                yield child_id, parent_id, name, name.lower()

    def _product(self, key: int, categories: list[Row]) -> Row:
        name = f"{self._pick(vocabulary.ADJECTIVES)} {self._pick(vocabulary.THINGS)} {key}"
        price = Decimal(self._number(20_000) + 99).scaleb(-2)
        self._products.append((name, price))
        description = " ".join(self._pick(vocabulary.SENTENCES) for _ in range(8))
        category_id = len(vocabulary.CATEGORIES) + self._number(
            len(categories) - len(vocabulary.CATEGORIES)
        )
        weight_g, stock = self._number(5_000), self._number(500)
        return key, category_id, f"SKU-{key:06d}", name, description, price, weight_g, stock

    def _customer(self, key: int) -> Row:
        first, last = self._pick(vocabulary.FIRST_NAMES), self._pick(vocabulary.LAST_NAMES)
        email = f"{first}.{last}.{key}@example.com".lower()
        return key, email, first, last, self._moment()

    def _address(self, key: int) -> Row:
        """One for each customer, a second for one in four."""
        customer_id = key if key <= self._customers else (key - self._customers) * 4
        street = f"{self._number(200)} {self._pick(vocabulary.STREETS)}"
        city, country = self._pick(vocabulary.CITIES)
        return key, customer_id, street, f"{self._number(89_999) + 10_000}", city, country

    def _review(self, key: int) -> Row:
        title = self._pick(vocabulary.REVIEW_TITLES)
        body = f"{self._pick(vocabulary.SENTENCES)} {self._pick(vocabulary.SENTENCES)}"
        product_id, customer_id = self._number(PRODUCTS), self._number(self._customers)
        return key, product_id, customer_id, self._number(5), title, body, self._moment()

    def _add_order(self, rows: Rows, key: int) -> None:
        customer_id = self._number(self._customers)
        placed_at = _OPENED_AT + timedelta(seconds=_OPEN_FOR_S * key // self._orders)
        total = self._add_lines(rows[OrderLine], key)
        status = self._add_events(rows[OrderEvent], key, placed_at)
        self._add_payment(rows[Payment], key, total, placed_at)
        number, channel_id = f"2{key:08d}", self._number(3)
        rows[Order].append(
            (key, number, channel_id, customer_id, customer_id, status, placed_at, total)
        )

    def _add_lines(self, rows: list[Row], order_id: int) -> Decimal:
        total = Decimal(0)
        for _ in range(self._pick(_LINES_OF_AN_ORDER)):
            self._line_id += 1
            product_id, quantity = self._number(PRODUCTS), self._number(4)
            name, price = self._products[product_id - 1]
            total += price * quantity
            rows.append((self._line_id, order_id, product_id, name, quantity, price))
        return total

    def _add_events(self, rows: list[Row], order_id: int, placed_at: datetime) -> str:
        """The order's status: that of the last event."""
        happened_at = placed_at
        for kind in _EVENTS[: self._number(len(_EVENTS))]:
            self._event_id += 1
            note = self._pick(vocabulary.EVENT_NOTES)
            rows.append((self._event_id, order_id, kind.value, note, happened_at))
            happened_at += timedelta(minutes=self._number(2_880))
            status = kind.value
        return status

    def _add_payment(
        self, rows: list[Row], order_id: int, total: Decimal, placed_at: datetime
    ) -> None:
        self._payment_id += 1
        unpaid = self._random.random() < _UNPAID_SHARE
        paid_at = None if unpaid else placed_at + timedelta(minutes=self._number(600))
        method = self._pick(vocabulary.PAYMENT_METHODS)
        rows.append((self._payment_id, order_id, method, total, paid_at))
