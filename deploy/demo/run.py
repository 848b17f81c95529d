"""`make demo`: seeds the shop, measures it under traffic and prints where its time goes.

    python -m deploy.demo.run [--seconds 20] [--orders 100000] [--directory .demo]

With `--seconds` it drives traffic that long, prints the split, ends everything and exits 0. Without,
it goes on until Ctrl-C. Exit status 1 means that something failed, and says what.
"""

from __future__ import annotations

import argparse
import fcntl
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import requests
from rich.console import Console

from deploy.demo.processes import Child, DemoError, Stopped, Watch
from deploy.demo.report import print_split, requests_arrived, worst_endpoint_url
from deploy.demo.services import (
    Place,
    Timesplit,
    seed_shop,
    start_carriers,
    start_shop,
    start_timesplit,
)
from deploy.demo.traffic import Traffic

FIRST_SPLIT_AFTER_S: Final = 20.0
ARRIVAL_TIMEOUT_S: Final = 30.0
PROGRESS_EVERY_S: Final = 1.0
LINE_EVERY_S: Final = 10.0
"""How often progress is told where no terminal can redraw a line."""

console = Console(highlight=False, soft_wrap=True)


@dataclass(frozen=True)
class Demo:
    """Everything that runs."""

    place: Place
    timesplit: Timesplit
    shop: Child
    shop_url: str
    watch: Watch


def main() -> int:
    options = _parse_options()
    place = Place(directory=options.directory.absolute(), orders=options.orders)
    watch = Watch()
    watch.obey_signals()
    try:
        with _alone_in(place.directory):
            try:
                _drive(_start(place, watch), options.seconds)
            finally:
                watch.end_all()
    except Stopped:
        console.print("Stopped.")
        return 130
    except DemoError as error:
        console.print(f"The demo failed: {error}", markup=False)
        return 1
    return 0


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make demo", description="A Django shop, measured.")
    parser.add_argument(
        "--seconds", type=_positive, help="drive traffic that long, print the split and end"
    )
    parser.add_argument(
        "--orders", type=_positive, default=100_000, help="the size of the shop (%(default)s)"
    )
    checkout = Path(__file__).parents[2]
    parser.add_argument(
        "--directory", type=Path, default=checkout / ".demo", help="where it keeps its data"
    )
    return parser.parse_args()


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number of at least 1")
    return int(text)


@contextmanager
def _alone_in(directory: Path) -> Iterator[None]:
    """Two demos in one folder would empty each other's database."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoError(
                f"another demo runs in {directory}; stop it, or give --directory another folder."
            ) from None
        yield


def _start(place: Place, watch: Watch) -> Demo:
    seed_shop(place, watch)
    console.print("Starting Timesplit with an empty database, and the shop ...")
    timesplit = start_timesplit(place, watch)
    carriers_url = start_carriers(place, watch)
    shop, shop_url = start_shop(place, watch, timesplit.otlp_url, carriers_url)
    console.print(f"  Timesplit  {timesplit.dashboard_url}")
    console.print(f"  the shop   {shop_url}")
    return Demo(place, timesplit, shop, shop_url, watch)


def _drive(demo: Demo, seconds: int | None) -> None:
    traffic = Traffic(demo.shop_url, demo.place.orders)
    traffic.start()
    try:
        if seconds is None:
            _go_on_until_asked(demo, traffic)
        else:
            _tell_progress(demo, traffic, seconds)
    finally:
        traffic.stop()
    _wait_for_the_rest(demo, traffic)
    _print_figures(demo)
    _judge(traffic)
    console.print("To look at these figures in the browser:")
    console.print(f"  .venv/bin/timesplit serve --database {demo.place.database_url}")


def _go_on_until_asked(demo: Demo, traffic: Traffic) -> None:
    _tell_progress(demo, traffic, FIRST_SPLIT_AFTER_S)
    if not demo.watch.stop_asked.is_set():
        _print_figures(demo)
        _say_where_to_look(demo)
        console.print("Traffic goes on; Ctrl-C ends it and prints the split again.")
        _tell_progress(demo, traffic, None)


def _tell_progress(demo: Demo, traffic: Traffic, seconds: float | None) -> None:
    """Watch for that long (longer where one round takes longer), or until asked to stop."""
    began_at = time.monotonic()
    with _progress_line() as tell:
        while not demo.watch.stop_asked.wait(PROGRESS_EVERY_S):
            demo.watch.check()
            driven_s = time.monotonic() - began_at
            tell(_progress(traffic, driven_s, seconds))
            if seconds is not None and driven_s >= seconds and traffic.has_asked_everything:
                return


def _progress_line() -> AbstractContextManager[Callable[[str], None]]:
    return _redrawn_line() if console.is_terminal else _line_now_and_then()


@contextmanager
def _redrawn_line() -> Iterator[Callable[[str], None]]:
    with console.status("Traffic") as status:
        yield status.update


@contextmanager
def _line_now_and_then() -> Iterator[Callable[[str], None]]:
    told_at = time.monotonic()

    def tell(text: str) -> None:
        nonlocal told_at
        if time.monotonic() - told_at >= LINE_EVERY_S:
            told_at = time.monotonic()
            console.print(text)

    yield tell


def _progress(traffic: Traffic, driven_s: float, seconds: float | None) -> str:
    until = "" if seconds is None else f" of {seconds:.0f}"
    count = traffic.count
    return (
        f"Traffic: {driven_s:.0f}{until} s, {count.requests:,} requests, "
        f"{count.failed} failed as they are meant to"
    )


def _wait_for_the_rest(demo: Demo, traffic: Traffic) -> None:
    """End the shop, which sends what it still holds, and wait until all of it is derived."""
    demo.watch.release(demo.shop)
    demo.shop.end()
    sent = traffic.count.requests - traffic.count.unanswered
    deadline = time.monotonic() + ARRIVAL_TIMEOUT_S
    while (arrived := _arrived(demo)) < sent:
        demo.watch.check()
        if time.monotonic() > deadline:
            raise DemoError(
                f"the shop answered {sent:,} requests, but Timesplit holds only {arrived:,} of "
                f"them after {ARRIVAL_TIMEOUT_S:.0f} s. See the logs in {demo.shop.log.parent}."
            )
        time.sleep(0.1)


def _arrived(demo: Demo) -> int:
    with suppress(requests.RequestException):
        return requests_arrived(demo.timesplit)
    return 0


def _print_figures(demo: Demo) -> None:
    console.print()
    print_split(demo.place, demo.timesplit)
    console.print()


def _say_where_to_look(demo: Demo) -> None:
    console.print(f"Every endpoint:  {demo.timesplit.dashboard_url}")
    worst = worst_endpoint_url(demo.timesplit)
    if worst:
        console.print(f"The costliest:   {worst}")


def _judge(traffic: Traffic) -> None:
    """Raise DemoError when the shop failed where it is not made to."""
    count = traffic.count
    console.print(f"Made {count.requests:,} requests; {count.failed} failed, as they are meant to.")
    if count.surprises:
        examples = "\n".join(count.surprises[:10])
        raise DemoError(f"{len(count.surprises)} requests failed that should not:\n{examples}")


if __name__ == "__main__":
    sys.exit(main())
