"""Drives the shop as its customers would: a fixed mix of requests from a few of them at a time.

The loop is closed: a client thinks, asks, waits for the answer and thinks again, so a slow machine
gets fewer requests instead of a growing queue. What is asked follows from the seed alone. Requests
are dealt like cards: first one of each kind, then over and over a deck that holds every kind as
often as its weight says. So each endpoint is asked for at once, and over time in proportion.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import requests

CLIENTS: Final = 3
THINK_S: Final = 0.06
"""The mean pause of a client between an answer and its next request."""
TIMEOUT_S: Final = 30
SEED: Final = 1
PRODUCTS: Final = 2_000
CATEGORIES: Final = range(9, 41)
CURSOR_STEP: Final = 60


@dataclass(frozen=True)
class Mix:
    """A kind of request: how often it is dealt, and its path for one visitor of a shop."""

    weight: int
    method: str
    path: Callable[[random.Random, int], str]
    """Given a source of chance and the number of orders."""
    may_fail: bool = False


@dataclass(frozen=True)
class Asked:
    """One request, and how long its client rests after the answer."""

    method: str
    path: str
    pause_s: float
    may_fail: bool


def _fixed(path: str) -> Callable[[random.Random, int], str]:
    return lambda _chance, _orders: path


def _product(path: str) -> Callable[[random.Random, int], str]:
    # Some products are looked at far more often than others.
    return lambda chance, _orders: path.format(min(int(chance.paretovariate(0.7)), PRODUCTS))


def _order(path: str) -> Callable[[random.Random, int], str]:
    return lambda chance, orders: path.format(chance.randint(1, orders))


def _page(path: str) -> Callable[[random.Random, int], str]:
    # The first pages, and never the last of a channel, which may hold fewer than 24 orders.
    return lambda chance, _orders: path.format(
        chance.randint(1, 20), chance.choice(("web", "app", "partner"))
    )


def _category(path: str) -> Callable[[random.Random, int], str]:
    return lambda chance, _orders: path.format(chance.choice(CATEGORIES))


def _after(path: str) -> Callable[[random.Random, int], str]:
    return lambda chance, _orders: path.format(chance.randrange(0, 1_900, CURSOR_STEP))


MIX: Final = (
    Mix(3, "GET", _fixed("/")),
    Mix(5, "GET", _page("/api/slow/orders/?page={}&channel={}")),
    Mix(5, "GET", _page("/api/fast/orders/?page={}&channel={}")),
    Mix(4, "GET", _order("/api/slow/orders/{}/events/")),
    Mix(4, "GET", _order("/api/fast/orders/{}/events/")),
    Mix(3, "GET", _fixed("/api/slow/events/latest/")),
    Mix(3, "GET", _fixed("/api/fast/events/latest/")),
    Mix(3, "GET", _after("/api/slow/prices/?after={}")),
    Mix(3, "GET", _after("/api/fast/prices/?after={}")),
    Mix(2, "GET", _fixed("/api/slow/catalogue/")),
    Mix(3, "GET", _after("/api/fast/catalogue/?offset={}")),
    Mix(4, "GET", _category("/slow/categories/{}/")),
    Mix(4, "GET", _category("/fast/categories/{}/")),
    Mix(2, "GET", _product("/api/slow/products/{}/quotes/")),
    Mix(3, "GET", _product("/api/fast/products/{}/quotes/")),
    Mix(1, "GET", _fixed("/api/slow/bestsellers/")),
    Mix(5, "GET", _fixed("/api/fast/bestsellers/")),
    Mix(6, "GET", _product("/api/slow/products/{}/")),
    Mix(6, "GET", _product("/api/fast/products/{}/")),
    Mix(2, "POST", _product("/api/fast/products/{}/views/")),
    Mix(5, "GET", _order("/api/slow/orders/{}/receipt/"), may_fail=True),
    Mix(5, "GET", _order("/api/fast/orders/{}/receipt/")),
)


@dataclass
class Count:
    """What has come back so far."""

    requests: int = 0
    failed: int = 0
    """Answered 500 by the endpoint that is made to fail."""
    unanswered: int = 0
    surprises: list[str] = field(default_factory=list)
    """Any other failure: what was asked and the status, 0 for no answer at all."""

    def add(self, asked: Asked, status: int) -> None:
        self.requests += 1
        if status == 500 and asked.may_fail:
            self.failed += 1
        elif not 200 <= status < 300:
            self.surprises.append(f"{asked.method} {asked.path}: {status}")
        self.unanswered += status == 0


class Traffic:
    """Clients of the shop, from `start` to `stop`."""

    def __init__(self, shop_url: str, orders: int, *, clients: int = CLIENTS) -> None:
        self.count = Count()
        self._shop_url = shop_url
        self._requests = deal(orders)
        self._lock = threading.Lock()  # of the deck and of the count
        self._stopping = threading.Event()
        self._clients = [threading.Thread(target=self._be_a_client) for _ in range(clients)]

    @property
    def has_asked_everything(self) -> bool:
        """Every endpoint has been asked, or is being asked, at least once."""
        return self.count.requests >= len(MIX)

    def start(self) -> None:
        for client in self._clients:
            client.start()

    def stop(self) -> None:
        """Every request begun is waited for."""
        self._stopping.set()
        for client in self._clients:
            client.join()

    def _be_a_client(self) -> None:
        with requests.Session() as session:
            session.trust_env = False  # a proxy is of no use on the loopback interface
            while not self._stopping.is_set():
                with self._lock:
                    asked = next(self._requests)
                status = self._ask(session, asked)
                with self._lock:
                    self.count.add(asked, status)
                self._stopping.wait(asked.pause_s)

    def _ask(self, session: requests.Session, asked: Asked) -> int:
        """The answer's status; 0 when there was none."""
        body = {"views": 3} if asked.method == "POST" else None
        try:
            url = f"{self._shop_url}{asked.path}"
            return session.request(asked.method, url, json=body, timeout=TIMEOUT_S).status_code
        except requests.RequestException:
            return 0


def deal(orders: int, seed: int = SEED) -> Iterator[Asked]:
    """Requests without end; the same for the same seed and number of orders."""
    chance = random.Random(seed)
    deck = list(MIX)
    while True:
        chance.shuffle(deck)
        for mix in deck:
            pause_s = chance.expovariate(1 / THINK_S)
            yield Asked(mix.method, mix.path(chance, orders), pause_s, mix.may_fail)
        deck = [mix for mix in MIX for _ in range(mix.weight)]
