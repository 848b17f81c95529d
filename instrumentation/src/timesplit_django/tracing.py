"""The tracer that spans are made with, created when the first request of a process begins.

An application that has configured an OpenTelemetry SDK keeps it; where that sends nowhere, our
exporter is added to it. Otherwise a provider of our own
becomes the global one: it exports OTLP over HTTP in the background, keeps every request whatever a
client's `traceparent` says (unless `OTEL_TRACES_SAMPLER` decides), and never delays the exit of
the process by more than `EXIT_FLUSH_S`.
"""

from __future__ import annotations

import atexit
import os
import threading
from typing import Any, Final

from django.conf import settings as django_settings
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import Tracer as SdkTracer
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, DEFAULT_ON
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from timesplit_django import __version__, dropped_spans, guard, installation, server_span
from timesplit_django.attributes import COMPILED
from timesplit_django.dropped_spans import NumberingProcessor
from timesplit_django.otlp_export import OtlpExporter

SCOPE: Final = "timesplit_django"
INSTRUMENTATION: Final = InstrumentationScope(SCOPE, __version__)
DEFAULT_ENDPOINT: Final = "http://127.0.0.1:4318"
EXIT_FLUSH_S: Final = 2.0
SCHEDULE_DELAY_MS: Final = 1000.0
# The SDK's own defaults.
QUEUED_SPANS: Final = 2048
EXPORTED_SPANS: Final = 512

_lock = threading.Lock()
_tracer: trace.Tracer | None = None
_own: tuple[TracerProvider, OtlpExporter] | None = None
_plain = False


def tracer() -> trace.Tracer:
    """The tracer of this process."""
    if _tracer is not None:
        return _tracer
    return _create()


def start_request_span(
    name: str, context: Context | None, attributes: dict[str, Any], start_time: int
) -> trace.Span:
    """Start the span of a request; `attributes` are its own from now on."""
    made = tracer()
    if _plain and isinstance(made, SdkTracer):
        return server_span.start(made, INSTRUMENTATION, name, context, attributes, start_time)
    return made.start_span(
        name,
        context=context,
        kind=trace.SpanKind.SERVER,
        attributes=attributes,
        start_time=start_time,
    )


def in_spite_of_client(context: Context) -> Context:
    """The context, whose remote parent asks for what follows to be kept.

    A client's `traceparent` may say that its trace is not sampled. Where nobody has chosen to
    sample, the SDK's default would follow it, and requests would vanish. A sampler that has been
    chosen decides as ever.
    """
    remote = trace.get_current_span(context).get_span_context()
    if _plain or remote.trace_flags.sampled or not remote.is_valid or not _nobody_samples():
        return context
    flags = trace.TraceFlags(remote.trace_flags | trace.TraceFlags.SAMPLED)
    asking = trace.SpanContext(remote.trace_id, remote.span_id, True, flags, remote.trace_state)
    return trace.set_span_in_context(trace.NonRecordingSpan(asking), context)


def _nobody_samples() -> bool:
    made = tracer()
    return (
        not os.environ.get("OTEL_TRACES_SAMPLER")
        and isinstance(made, SdkTracer)
        and made.sampler is DEFAULT_ON
    )


def endpoint() -> str:
    """Where spans go: the URL of the traces path."""
    specific = os.environ.get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    if specific:
        return specific
    base = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or DEFAULT_ENDPOINT
    return f"{base.rstrip('/')}/v1/traces"


def resource() -> Resource:
    """What the environment says of this service, with a name in any case."""
    created = Resource.create(
        {
            "telemetry.distro.name": SCOPE,
            "telemetry.distro.version": __version__,
            COMPILED: installation.is_compiled(),
        }
    )
    if str(created.attributes.get(SERVICE_NAME, "")).startswith("unknown_service"):
        created = created.merge(Resource({SERVICE_NAME: default_service_name()}))
    return created


def default_service_name() -> str:
    """The root package of the settings module, or of the URL configuration."""
    module = getattr(django_settings, "SETTINGS_MODULE", None) or getattr(
        django_settings, "ROOT_URLCONF", ""
    )
    return str(module).partition(".")[0] or "django"


def flush(timeout_s: float) -> None:
    """Send what is queued in our own provider, for at most about this long."""
    if _own is None:
        return
    provider, exporter = _own
    with exporter.finishing_within(timeout_s):
        provider.force_flush(int(timeout_s * 1000))


def uses_own_provider() -> bool:
    """True when no SDK has been configured that sends somewhere: spans go to `endpoint()`."""
    provider = trace.get_tracer_provider()
    return (
        _own is not None
        or isinstance(provider, trace.ProxyTracerProvider)
        or (isinstance(provider, TracerProvider) and _sends_nowhere(provider))
    )


def send_test_span(name: str) -> bool:
    """Send one span at once, as requests are sent. False when it was not taken."""
    dropped_before = dropped_spans.count()
    exporter = OtlpExporter(endpoint())
    provider = TracerProvider(resource=resource(), sampler=ALWAYS_ON, shutdown_on_exit=False)
    span = provider.get_tracer(SCOPE, __version__).start_span(name)
    span.end()
    try:
        exporter.export([span])  # type: ignore[list-item]
        return dropped_spans.count() == dropped_before
    finally:
        exporter.shutdown()


def _create() -> trace.Tracer:
    global _tracer
    with _lock:
        if _tracer is None:
            provider = trace.get_tracer_provider()
            if isinstance(provider, trace.ProxyTracerProvider):
                provider = _own_provider()
            elif isinstance(provider, TracerProvider) and _sends_nowhere(provider):
                _send_from(provider)
            _tracer = provider.get_tracer(SCOPE, __version__)
        return _tracer


def _own_provider() -> TracerProvider:
    global _plain
    options: dict[str, Any] = {}
    if not os.environ.get("OTEL_TRACES_SAMPLER"):
        options["sampler"] = ALWAYS_ON
        _plain = not _limits_are_set()
    provider = TracerProvider(resource=resource(), shutdown_on_exit=False, **options)
    _send_from(provider)
    trace.set_tracer_provider(provider)
    return provider


def _sends_nowhere(provider: TracerProvider) -> bool:
    """True for what `opentelemetry-instrument` sets up where no exporter has been named."""
    processor = getattr(provider, "_active_span_processor", None)
    return getattr(processor, "_span_processors", None) == ()


def _send_from(provider: TracerProvider) -> None:
    """Send the provider's spans to `endpoint()`, unless that is switched off."""
    global _own
    if os.environ.get("OTEL_TRACES_EXPORTER", "").strip().lower() == "none":
        return
    exporter = OtlpExporter(endpoint())
    provider.add_span_processor(_queue_before(exporter))
    _own = provider, exporter
    atexit.register(_flush_at_exit)


def _queue_before(exporter: OtlpExporter) -> NumberingProcessor:
    """As the variables `OTEL_BSP_...` ask; where there can be none such, as by default."""
    delay_ms = None if os.environ.get("OTEL_BSP_SCHEDULE_DELAY") else SCHEDULE_DELAY_MS
    try:
        return NumberingProcessor(exporter, schedule_delay_millis=delay_ms)
    except ValueError as error:
        guard.warn(
            "The queue of spans cannot be as OTEL_BSP_MAX_QUEUE_SIZE, OTEL_BSP_SCHEDULE_DELAY and "
            f"OTEL_BSP_MAX_EXPORT_BATCH_SIZE ask ({error}); using {QUEUED_SPANS} spans, "
            f"{SCHEDULE_DELAY_MS:.0f} ms and {EXPORTED_SPANS} spans at a time"
        )
        return NumberingProcessor(exporter, QUEUED_SPANS, SCHEDULE_DELAY_MS, EXPORTED_SPANS)


def _limits_are_set() -> bool:
    """Only the SDK's own spans keep to limits of spans."""
    return any(name.startswith("OTEL_") and name.endswith("_LIMIT") for name in os.environ)


def _flush_at_exit() -> None:
    try:
        flush(EXIT_FLUSH_S)
    except Exception:
        guard.report("the flush at exit")


def _after_fork() -> None:
    global _lock
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_after_fork)
