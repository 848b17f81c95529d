"""The shop's front page: every fault with a link to its slow endpoint and to the twin."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLResolver, get_resolver

_EXAMPLE_ID = "9"
"""There is an order, a product and a category of that number in every seed."""


def home(request: HttpRequest) -> HttpResponse:
    return render(request, "shop/home.html", {"faults": list(_faults())})


def _faults() -> Iterator[dict[str, Any]]:
    for included in get_resolver().url_patterns:
        if isinstance(included, URLResolver):
            title, _, story = (included.urlconf_module.__doc__ or "").partition("\n")
            slow, fast = included.url_patterns[:2]
            yield {"title": title, "story": story, "slow": _example(slow), "fast": _example(fast)}


def _example(pattern: Any) -> str:
    return "/" + re.sub(r"<int:\w+>", _EXAMPLE_ID, str(pattern.pattern))
