"""What a request does between two instants, as an account keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from timesplit_django.accounting import Account


class Activity:
    """One interval of one part. `shown` is itself when it gets a span, else the nearest that does.

    `detail` says what it was, in whatever form the probe that entered it finds cheapest.
    `charged_ns` is what of the request's time went to it and to nothing inside or beside it.
    `folded` is by part.
    `replaced_by` is the context of the span that another instrumentation has made for it.
    """

    __slots__ = (
        "account",
        "active",
        "active_children",
        "charged_ns",
        "detail",
        "end_ns",
        "folded",
        "parent",
        "part",
        "replaced_by",
        "shown",
        "shown_children",
        "start_ns",
    )

    def __init__(
        self,
        account: Account,
        part: int,
        parent: Activity | None,
        start_ns: int,
        around: Activity | None,
    ) -> None:
        self.account = account
        self.part = part
        self.parent = parent
        self.start_ns = start_ns
        self.shown: Activity = self if around is None else around
        self.active = True
        self.active_children = 0
        self.charged_ns = 0
        self.detail: Any = None
        self.end_ns = 0
        self.folded: list[int] | None = None
        self.replaced_by: Any = None
        self.shown_children = 0


def identity_of(account: Account) -> object:
    """An object that no other living account has, and that does not keep this one alive."""
    return account.part_ns
