"""A middleware that works and asks, where a request tells it to."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from tests.djangoproject.models import Author
from tests.djangoproject.spending import busy


class CountingMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "middleware_ms" in request.GET:
            busy("python", float(request.GET["middleware_ms"]))
        if "middleware_query" in request.GET:
            Author.objects.count()
        return self.get_response(request)
