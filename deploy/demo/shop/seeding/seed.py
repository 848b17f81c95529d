"""Seeds the shop once: all of it in one transaction, with the marker that says it is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.db import connection, models, transaction

from shop.models import (
    Address,
    Category,
    Channel,
    Customer,
    IndexedOrderEvent,
    Order,
    OrderEvent,
    OrderLine,
    Payment,
    Product,
    ProductViews,
    Review,
    Seed,
)
from shop.seeding.bulk_load import copy_rows, load_rows, settle
from shop.seeding.rows import Rows, ShopRows

TABLES: Final[list[type[models.Model]]] = [
    Channel, Category, Product, Customer, Address, Review, Order, OrderLine, Payment, OrderEvent,
    IndexedOrderEvent, ProductViews, Seed,
]  # fmt: skip
"""All of them, tables that others refer to first."""


class ForeignRowsError(Exception):
    """The database holds a shop that was not seeded here; it is not ours to empty."""

    def __str__(self) -> str:
        return (
            "This database has tables named shop_... with rows that the demo did not write. "
            "Give TIMESPLIT_DEMO_DATABASE_URL an empty database."
        )


def is_seeded(orders: int) -> bool:
    return Seed.objects.filter(version=settings.SEED_VERSION, orders=orders).exists()


def seed_shop(orders: int, report: Callable[[int], None]) -> None:
    """Replace whatever an older seed left. `report` is told how many orders are written."""
    if not Seed.objects.exists() and Order.objects.exists():
        raise ForeignRowsError
    rows = ShopRows(orders)
    with transaction.atomic():
        _empty()
        _load(rows.names())
        _load(rows.people())
        for batch in rows.orders():
            _load(batch)
            report(len(batch[Order]))
        copy_rows(OrderEvent, IndexedOrderEvent)
        Seed.objects.create(version=settings.SEED_VERSION, orders=orders)
        settle(TABLES)


def _empty() -> None:
    with connection.cursor() as cursor:
        for model in reversed(TABLES):
            table = connection.ops.quote_name(model._meta.db_table)
            cursor.execute(f"DELETE FROM {table}")  # noqa: S608


def _load(rows: Rows) -> None:
    for model, of_model in rows.items():
        load_rows(model, of_model)
