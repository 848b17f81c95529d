"""Makes the shop's tables and fills them: the same rows in every run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import django
from django.core.management import call_command

CUSTOMERS = 300
ORDERS = 300
LINES_PER_ORDER = 4
OPENED_AT = datetime(2026, 1, 1, tzinfo=UTC)


def seed() -> None:
    """Create and fill the tables of an empty database."""
    from tests.benchmarks.django_overhead.application.models import Customer, Line, Order

    call_command("migrate", run_syncdb=True, verbosity=0)
    days = [OPENED_AT + timedelta(days=number) for number in range(CUSTOMERS)]
    customers = Customer.objects.bulk_create(
        Customer(
            name=f"Customer {number}",
            email=f"customer{number}@example.org",
            city=f"City {number % 20}",
            joined_at=day,
        )
        for number, day in enumerate(days)
    )
    orders = Order.objects.bulk_create(
        Order(
            customer=customers[number % CUSTOMERS],
            number=f"A-{number:06}",
            status=("open", "paid", "sent")[number % 3],
            placed_at=OPENED_AT + timedelta(hours=number),
            note="Leave it at the door. " * (number % 4),
        )
        for number in range(ORDERS)
    )
    Line.objects.bulk_create(
        Line(
            order=order,
            product=f"Product {number}",
            quantity=number + 1,
            unit_price=Decimal("9.90") + number,
        )
        for order in orders
        for number in range(LINES_PER_ORDER)
    )


if __name__ == "__main__":
    django.setup()
    seed()
