"""In a worker: what instruments the application, and how it is made to send what it holds.

Each function here prepares one variant before Django is set up, and returns what sends the rest.
What a variant needs in Django's settings is in application/peer_settings.py.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final

EXPORT_TIMEOUT_S: Final = 60
QUEUE: Final = 32768
Flush = Callable[[], None]


def begin(variant: str) -> Flush:
    """Instrument this process as the variant asks; the result sends what is left to be sent."""
    prepare = _PREPARE.get(variant)
    return _nothing_to_send if prepare is None else prepare()


def _nothing_to_send() -> None:
    """The variant sends nothing, or keeps what it learns in the database."""


def _timesplit() -> Flush:
    """It instruments by itself, as an application of Django's."""
    from timesplit_django import installation

    wanted = os.environ.get("OVERHEAD_COMPILED")
    if wanted is not None and installation.is_compiled() != (wanted == "yes"):
        place = installation.__file__
        raise RuntimeError(f"Compiled: {wanted} was asked for, and is not what is at {place}")
    return _flush_opentelemetry


def _opentelemetry() -> Flush:
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.instrumentation.django import DjangoInstrumentor
    from opentelemetry.instrumentation.psycopg import PsycopgInstrumentor
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    DjangoInstrumentor().instrument()
    PsycopgInstrumentor().instrument()
    return _flush_opentelemetry


def _flush_opentelemetry() -> None:
    from opentelemetry import trace

    flush = getattr(trace.get_tracer_provider(), "force_flush", None)
    if flush is not None and not flush(EXPORT_TIMEOUT_S * 1000):
        raise RuntimeError(f"The spans of the turn were not sent within {EXPORT_TIMEOUT_S} s")


def _logfire() -> Flush:
    import logfire

    logfire.configure(send_to_logfire=False, console=False)
    logfire.instrument_django()
    logfire.instrument_psycopg()
    return _raise_unless(lambda: logfire.force_flush(EXPORT_TIMEOUT_S * 1000))


def _ddtrace() -> Flush:
    import_module("ddtrace.auto")  # instruments by being imported
    from ddtrace.trace import tracer

    return lambda: tracer.flush()


def _sentry() -> Flush:
    import sentry_sdk

    sentry_sdk.init(
        traces_sample_rate=1.0,
        # So that it neither drops nor samples what comes faster than in service.
        transport_queue_size=QUEUE,
        enable_backpressure_handling=False,
    )
    return lambda: sentry_sdk.flush(EXPORT_TIMEOUT_S)


def _newrelic() -> Flush:
    import newrelic.agent

    newrelic.agent.initialize()
    registered: list[Any] = []

    def harvest() -> None:
        from newrelic.core.agent import agent_instance

        if not registered:
            registered.append(newrelic.agent.register_application(timeout=EXPORT_TIMEOUT_S))
        application = agent_instance().application(registered[0].name)
        application.harvest(flexible=True)
        application.harvest()

    harvest()
    return harvest


def _scout() -> Flush:
    from scout_apm.core.agent.socket import CoreAgentSocketThread

    return _raise_unless(lambda: CoreAgentSocketThread.wait_until_drained(EXPORT_TIMEOUT_S))


def _elastic() -> Flush:
    def flush() -> None:
        from elasticapm import get_client

        get_client()._transport.flush()

    return flush


def _migrated(label: str) -> Callable[[], Flush]:
    """For tools that keep what they learn in tables of the application's database."""

    def prepare() -> Flush:
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", label, verbosity=0)
        return _nothing_to_send

    return prepare


def _raise_unless(flushed: Callable[[], object]) -> Flush:
    def flush() -> None:
        if not flushed():
            raise RuntimeError(f"What the turn left was not sent within {EXPORT_TIMEOUT_S} s")

    return flush


_PREPARE: Final[dict[str, Callable[[], Flush]]] = {
    "timesplit": _timesplit,
    "timesplit-all": _timesplit,
    "timesplit-interpreted": _timesplit,
    "opentelemetry": _opentelemetry,
    "logfire": _logfire,
    "ddtrace": _ddtrace,
    "sentry-sdk": _sentry,
    "newrelic": _newrelic,
    "scout-apm": _scout,
    "elastic-apm": _elastic,
    "django-silk": _migrated("silk"),
    "django-orbit": _migrated("orbit"),
}
