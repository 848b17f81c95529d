"""`manage.py timesplit_check`: what is measured, where it is sent, and whether that arrives."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from opentelemetry import trace

from timesplit_django import (
    __version__,
    guard,
    installation,
    instrumentors,
    neighbours,
    request_record,
    settings,
    tracing,
)

LIBRARIES: Final = {
    "aiohttp": "aiohttp",
    "celery": "celery",
    "httpx": "httpx",
    "jinja2": "jinja2",
    "psycopg": "psycopg",
    "psycopg_instrumentor": "psycopg",
    "requests": "requests",
    "rest_framework": "rest_framework",
    "urllib3": "urllib3",
    "uvicorn": "uvicorn",
}

# Probes that do nothing unless a setting asks for them.
ASKED_FOR: Final = {
    "django_instrumentor": instrumentors.can_instrument_django,
    "psycopg_instrumentor": instrumentors.can_instrument_psycopg,
}


class Command(BaseCommand):
    """Fails, with what to do, where requests would not be measured or would not arrive."""

    help = "Says what timesplit_django measures and sends one test span to see that it arrives."
    requires_system_checks = ()

    def handle(self, *_: Any, **__: Any) -> None:
        """Print one line for each finding."""
        self.stdout.write(f"timesplit_django {__version__}")
        reason = installation.switched_off()
        if reason is not None:
            raise CommandError(f"Nothing is measured: {reason}.")
        for line in (_core(), *_wiring(), *_destination()):
            self.stdout.write(line)
        problems = [*settings.problems(), *instrumentors.problems(), *_failures()]
        for problem in dict.fromkeys(problems):
            self.stderr.write(self.style.WARNING(problem))
        self._send()
        if problems:
            raise CommandError("The test span was sent, but see the lines above.")

    def _send(self) -> None:
        if not tracing.uses_own_provider():
            with trace.get_tracer(tracing.SCOPE).start_as_current_span("timesplit_check"):
                pass
            self.stdout.write("sent: a test span, through the application's own TracerProvider")
            return
        if not tracing.send_test_span("timesplit_check"):
            raise CommandError(
                f"The test span did not arrive at {tracing.endpoint()}. Is the collector running "
                "there (`timesplit serve`)? OTEL_EXPORTER_OTLP_ENDPOINT names another address, "
                "OTEL_EXPORTER_OTLP_HEADERS carries a token."
            )
        self.stdout.write(self.style.SUCCESS("arrived: a test span"))


def _core() -> str:
    if installation.is_compiled():
        return "core: compiled"
    return (
        "core: plain Python, which takes more of each request: the package was not compiled when "
        "it was installed, for want of a C compiler or of Python's headers, or on request"
    )


def _wiring() -> Iterator[str]:
    for probe, installed in installation.installed().items():
        library = LIBRARIES.get(probe)
        if probe in ASKED_FOR and not ASKED_FOR[probe]():
            continue
        if not installed:
            yield f"not measured: {probe}; its failure is in the log of timesplit_django"
        elif library is not None and library not in sys.modules:
            yield f"waiting: {probe}, until {library} is imported"
        else:
            yield f"measured: {probe}"
    if request_record.spans_are_shared():
        yield "capture: DjangoInstrumentor makes the spans of requests; the digest is added to them"
    elif neighbours.django_is_instrumented():
        yield "beside it: DjangoInstrumentor, whose spans nest inside ours; nothing counts twice"


def _destination() -> Iterator[str]:
    if tracing.uses_own_provider():
        yield f"service: {tracing.resource().attributes.get('service.name')}"
        yield f"sends to: {tracing.endpoint()}"
    else:
        yield (
            f"sends through: {type(trace.get_tracer_provider()).__name__} of the application, "
            "which does not tell what it drops"
        )
    current = settings.current()
    yield f"spans: {current.spans}"


def _failures() -> Iterator[str]:
    guard.guarded(tracing.tracer)()
    yield from sorted(guard.warned())
    for place in sorted(guard.reported()):
        yield f"failed in this process: {place}"
