"""`manage.py seed`: creates the tables and fills them, or says that it was done before."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from shop.seeding.seed import ForeignRowsError, is_seeded, seed_shop


class Command(BaseCommand):
    help = "Create the shop's tables and fill them. A finished seed is kept."

    def handle(self, *_args: Any, **_options: Any) -> None:
        orders = settings.SEED_ORDERS
        settings.DIRECTORY.mkdir(parents=True, exist_ok=True)
        _forget_older_seeds()
        call_command("migrate", verbosity=0)
        if is_seeded(orders):
            self.stdout.write(f"The shop of {orders:,} orders is there from an earlier run.")
            return
        try:
            _seed_with_progress(orders)
        except ForeignRowsError as error:
            raise CommandError(str(error)) from error


def _forget_older_seeds() -> None:
    """Nothing reads the SQLite files of another version again, and each holds some 80 MB."""
    for path in settings.DIRECTORY.glob("shop-*.sqlite3*"):
        if not path.name.startswith(f"shop-{settings.SEED_VERSION}-"):
            path.unlink()


def _seed_with_progress(orders: int) -> None:
    console = Console()
    columns = (TextColumn("Seeding orders"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("orders", total=orders)
        if not console.is_terminal:
            console.print(f"Seeding {orders:,} orders ...")
        seed_shop(orders, lambda written: progress.advance(task, written))
